/** Hono with its quickest router (the default one learns after the first match) on @hono/node-server: `hono.ts PORT`. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { validator } from 'hono/validator';
import { greeting, newUserSchema, register, users } from '../../http/content.ts';

const app = new Hono();

app.get('/', (c) => c.text(greeting));

app.get('/users/:id', (c) => {
  const user = users.get(c.req.param('id'));
  return user === undefined ? c.body(null, 404) : c.json(user);
});

const newUser = validator('json', (value, c) => {
  const result = newUserSchema.safeParse(value);
  return result.success ? result.data : c.body(null, 400);
});

app.post('/users', newUser, (c) => c.json(register(c.req.valid('json'))));

serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: '127.0.0.1' });
