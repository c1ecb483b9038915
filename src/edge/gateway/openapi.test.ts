import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { RoomSchema } from '../../rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { startWorld } from './gateway.fixture.ts';
import type { Gateway } from './gateway.ts';
import type { JsonSchema } from './json-schema.ts';
import { type Operation, openApiDocument } from './openapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
type Any = any;

const define = (gateway: Gateway) => {
  gateway.route(
    'GET',
    '/v1/rooms/:id/home',
    {
      access: 'optional',
      query: z.object({ size: z.coerce.number().describe('How many.').optional() }),
      describe: {
        operationId: 'GetHome',
        description: 'All of a room. In one answer.',
        response: {
          type: 'object',
          properties: { room: RoomSchema, missing: { type: 'array', items: { type: 'string' } } },
        },
      },
    },
    async () => ({}),
  );
  gateway.route(
    'POST',
    '/v1/notes',
    {
      access: 'public',
      body: z.object({ text: z.string() }),
      describe: { operationId: 'AddNote', tag: 'notes', response: z.object({ id: z.string() }) },
    },
    async () => ({ id: '1' }),
  );
  gateway.route('GET', '/internal', { access: 'public' }, async () => ({}));
};

/** The document as a client gets it. */
async function fetched(): Promise<Any> {
  await using world = await startWorld({
    define,
    access: { closeRoom: 'optional' },
    options: { traceUrl: 'http://console/{traceId}' },
  });
  const answer = await fetch(`${world.url}/openapi.json`);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  return answer.json();
}

test('the document is OpenAPI 3.1: every operation is whole, every reference resolves', async () => {
  const document = await fetched();

  assert.equal(document.openapi, '3.1.0');
  assert.deepEqual(document.info, { title: 'Test', version: '1.0.0' });
  checkStructure(document);
});

test('every route of the services and the described routes of the gateway are there, and no others', async () => {
  const document = await fetched();

  assert.deepEqual(
    Object.entries<Any>(document.paths)
      .flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`))
      .sort(),
    [
      'delete /v1/shelves/{name}/books/{name_2}:purge',
      'get /v1/files/{path}',
      'get /v1/houses/{house}/rooms/{id}',
      'get /v1/rooms/{id}',
      'get /v1/rooms/{id}/events',
      'get /v1/rooms/{id}/home',
      'get /v1/search/{kind}',
      'patch /v1/shelves/{shelf_name}',
      'post /v1/notes',
      'post /v1/rooms',
      'post /v1/rooms/{id}:close',
    ],
  );
});

test('parameters, body and answer follow the annotation', async () => {
  const { paths } = await fetched();

  const close = paths['/v1/rooms/{id}:close'].post;
  const create = paths['/v1/rooms'].post;
  const search = paths['/v1/search/{kind}'].get;
  const shelf = paths['/v1/shelves/{shelf_name}'].patch;
  assert.deepEqual(close.parameters, [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]);
  assert.deepEqual(Object.keys(close.requestBody.content['application/json'].schema.properties), ['because']);
  assert.deepEqual([close.requestBody.required, create.requestBody.required], [false, true]);
  assert.deepEqual(create.requestBody.content['application/json'].schema, {
    $ref: '#/components/schemas/flotilla.test.v1.Room',
  });
  assert.deepEqual(create.responses['200'].content['application/json'].schema, {
    $ref: '#/components/schemas/flotilla.test.v1.Room',
  });
  const query = search.parameters
    .filter((parameter: Any) => parameter.in === 'query')
    .map((parameter: Any) => parameter.name);
  assert.ok(
    ['pageSize', 'sinceId', 'tags', 'like.title', 'after', 'limit'].every((name) => query.includes(name)),
    query.join(),
  );
  assert.ok(!query.includes('rooms') && !query.includes('labels') && !query.includes('kind'), query.join());
  assert.deepEqual(
    shelf.parameters.map((parameter: Any) => parameter.name),
    ['shelf_name', 'dryRun'],
  );
});

test('a stream is described as events, a failure as the one error shape', async () => {
  const { paths, components } = await fetched();

  const events = paths['/v1/rooms/{id}/events'].get;
  assert.deepEqual(Object.keys(events.responses['200'].content), ['text/event-stream']);
  assert.deepEqual(events.responses.default, { $ref: '#/components/responses/Error' });
  assert.deepEqual(components.schemas.Error.required, ['code', 'reason', 'message', 'domain', 'metadata', 'details']);
});

test('comments become summary and description, access becomes security', async () => {
  const { paths, components } = await fetched();

  const get = paths['/v1/rooms/{id}'].get;
  assert.equal(get.summary, 'May be called with an HTTP GET, in the Connect protocol too');
  assert.deepEqual(get.security, [{ bearer: [] }]);
  assert.deepEqual(paths['/v1/rooms/{id}:close'].post.security, [{}, { bearer: [] }]);
  assert.deepEqual(paths['/v1/files/{path}'].get.security, []);
  assert.equal(components.securitySchemes.bearer.scheme, 'bearer');
});

test('routes of the gateway itself are described by their schemas', async () => {
  const { paths } = await fetched();

  const home = paths['/v1/rooms/{id}/home'].get;
  const note = paths['/v1/notes'].post;
  assert.deepEqual(home.tags, ['gateway']);
  assert.equal(home.summary, 'All of a room');
  assert.deepEqual(
    home.parameters.map(({ name, in: place, description }: Any) => [name, place, description]),
    [
      ['id', 'path', undefined],
      ['size', 'query', 'How many.'],
    ],
  );
  assert.deepEqual(home.responses['200'].content['application/json'].schema.properties.room, {
    $ref: '#/components/schemas/flotilla.test.v1.Room',
  });
  assert.deepEqual(note.requestBody.content['application/json'].schema.required, ['text']);
  assert.deepEqual(note.responses['200'].content['application/json'].schema.required, ['id']);
});

test('two operations with one id or one path are a mistake', () => {
  const operation: Operation = {
    httpMethod: 'get',
    path: '/a',
    operationId: 'A',
    tag: 't',
    access: 'public',
    parameters: [],
  };
  const document = (operations: readonly Operation[]) =>
    openApiDocument({ info: { title: 't', version: '1' }, operations, tags: [], schemas: {} });

  assert.throws(() => document([operation, { ...operation, path: '/b' }]), /two operations have the id A/);
  assert.throws(() => document([operation, { ...operation, operationId: 'B' }]), /two operations for GET \/a/);
});

test('the explorer and what it needs are served, and nothing else of its folder', async () => {
  await using world = await startWorld();

  const page = await fetch(`${world.url}/explorer`);
  const html = await page.text();

  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  for (const [, path = ''] of html.matchAll(/(?:src|href)="(explorer\/[^"]+)"/g)) {
    assert.equal((await fetch(`${world.url}/${path}`)).status, 200, path);
  }
  assert.doesNotMatch(html, /https?:\/\//);
  assert.equal((await fetch(`${world.url}/explorer/..%2Findex.ts`)).status, 404);
});

/** What the OpenAPI specification asks of a document, as far as ours has it. */
function checkStructure(document: Any): void {
  const ids = new Set<string>();
  const tags = new Set(document.tags.map((tag: Any) => tag.name));
  for (const [path, item] of Object.entries<Any>(document.paths)) {
    for (const [method, operation] of Object.entries<Any>(item)) {
      const where = `${method} ${path}`;
      assert.match(path, /^\//, where);
      assert.ok(!ids.has(operation.operationId), where);
      ids.add(operation.operationId);
      const inPath = (operation.parameters ?? []).filter((parameter: Any) => parameter.in === 'path');
      const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      assert.deepEqual(inPath.map((parameter: Any) => parameter.name).sort(), names.sort(), where);
      assert.ok(
        inPath.every((parameter: Any) => parameter.required === true),
        where,
      );
      for (const parameter of operation.parameters ?? []) assert.equal(typeof parameter.schema, 'object', where);
      assert.ok(Object.keys(operation.responses).length > 0, where);
      for (const response of Object.values(operation.responses as Record<string, Any>))
        assert.ok(response.$ref ?? response.description, where);
      for (const tag of operation.tags) assert.ok(tags.has(tag), `${where}: tag ${tag}`);
      for (const way of operation.security) {
        for (const name of Object.keys(way)) assert.ok(name in document.components.securitySchemes, where);
      }
    }
  }
  for (const name of Object.keys(document.components.schemas)) assert.match(name, /^[A-Za-z0-9._-]+$/);
  for (const reference of references(document)) assert.ok(pointedAt(document, reference) !== undefined, reference);
}

function* references(value: unknown): Iterable<string> {
  if (typeof value !== 'object' || value === null) return;
  const { $ref } = value as JsonSchema;
  if (typeof $ref === 'string') yield $ref;
  for (const member of Object.values(value)) yield* references(member);
}

function pointedAt(document: Any, reference: string): unknown {
  assert.match(reference, /^#\//);
  return reference
    .slice(2)
    .split('/')
    .reduce((at, key) => at?.[key], document);
}
