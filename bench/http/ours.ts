/** Ours, with guard and telemetry off: `ours.ts PORT`. Everything else is as it is by default. */
import { background } from 'flotilla/concurrency';
import { createHttpServer, createRouter, HttpErrors, text } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { greeting, newUserSchema, register, users } from './content.ts';

const router = createRouter();

router.get('/', () => text(greeting));

router.get('/users/:id', (_ctx, { params }) => {
  const user = users.get(params.id);
  if (user === undefined) throw HttpErrors.ROUTE_NOT_FOUND(`there is no user ${params.id}`);
  return user;
});

router.post('/users', { body: newUserSchema }, (_ctx, { body }) => register(body));

const listener = tcpListener({ port: Number(process.argv[2]) });
await createHttpServer({ name: 'bench', router, listener, guard: false }).start(background());
