/**
 * Ours with everything on: validation, trace, metrics, log and context as a service of `app` has them, plus what belongs
 * to every call of ours (a deadline, cancellation when the client leaves). `ours-features.ts PORT`; the log goes to stdout.
 */
import { background } from 'flotilla/concurrency';
import { createHttpServer, createRouter, HttpErrors } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import { createTelemetry, withTelemetry } from 'flotilla/observe';
import { userParamsSchema, users } from './content.ts';

const router = createRouter();

router.get('/users/:id', { params: userParamsSchema }, (_ctx, { params }) => {
  const user = users.get(params.id);
  if (user === undefined) throw HttpErrors.ROUTE_NOT_FOUND(`there is no user ${params.id}`);
  return user;
});

const telemetry = createTelemetry({ resource: { service: 'bench', version: '1.0.0', instance: 'bench-1' } });
const listener = tcpListener({ port: Number(process.argv[2]) });
await createHttpServer({ name: 'bench', router, listener, guard: false }).start(withTelemetry(background(), telemetry));
