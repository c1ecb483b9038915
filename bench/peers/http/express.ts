/** Express without what production turns off (`ETag` of every answer, `X-Powered-By`): `express.ts PORT`. */
import express from 'express';
import { greeting, newUserSchema, register, users } from '../../http/content.ts';

const app = express();
app.disable('etag');
app.disable('x-powered-by');

app.get('/', (_request, response) => {
  response.type('text/plain').send(greeting);
});

app.get('/users/:id', (request, response) => {
  const user = users.get(request.params.id!);
  if (user === undefined) response.sendStatus(404);
  else response.json(user);
});

app.post('/users', express.json(), (request, response) => {
  const body = newUserSchema.safeParse(request.body);
  if (body.success) response.json(register(body.data));
  else response.sendStatus(400);
});

const server = app.listen(Number(process.argv[2]), '127.0.0.1', 511);
server.keepAliveTimeout = 60_000;
