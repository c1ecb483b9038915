/** Koa with @koa/router and @koa/bodyparser: `koa.ts PORT`. */
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import { greeting, newUserSchema, register, users } from '../../http/content.ts';

const router = new Router();

router.get('/', (ctx) => {
  ctx.body = greeting;
});

router.get('/users/:id', (ctx) => {
  const user = users.get(ctx.params.id!);
  if (user === undefined) ctx.status = 404;
  else ctx.body = user;
});

router.post('/users', bodyParser({ enableTypes: ['json'] }), (ctx) => {
  const body = newUserSchema.safeParse(ctx.request.body);
  if (body.success) ctx.body = register(body.data);
  else ctx.status = 400;
});

const app = new Koa();
// It would print every connection that a client cuts.
app.silent = true;
const server = app.use(router.routes()).listen(Number(process.argv[2]), '127.0.0.1', 511);
server.keepAliveTimeout = 60_000;
