/**
 * Fastify as it is run in production: no logger, serialisers compiled from response schemas, its own validator (Ajv)
 * compiled from the body's schema, handlers that reply without a promise. `fastify.ts PORT`.
 */
import fastify from 'fastify';
import { greeting, type NewUser, register, users } from '../../http/content.ts';
import { userResponse } from './fastify-schemas.ts';

const app = fastify({ logger: false, keepAliveTimeout: 60_000 });

app.get('/', (_request, reply) => {
  reply.header('content-type', 'text/plain; charset=utf-8').send(greeting);
});

app.get('/users/:id', { schema: { response: userResponse } }, (request, reply) => {
  const user = users.get((request.params as { id: string }).id);
  if (user === undefined) reply.code(404).send();
  else reply.send(user);
});

const body = {
  type: 'object',
  required: ['name', 'email', 'country', 'age', 'tags'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 100 },
    email: { type: 'string', maxLength: 254, pattern: '^\\S+@\\S+$' },
    country: { type: 'string', minLength: 3, maxLength: 3 },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    tags: { type: 'array', maxItems: 16, items: { type: 'string', maxLength: 32 } },
  },
};

app.post('/users', { schema: { body, response: userResponse } }, (request, reply) => {
  reply.send(register(request.body as NewUser));
});

await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 511 });
