import assert from 'node:assert/strict';
import { test } from 'node:test';

type Json = Record<string, unknown>;

/** What the page of the explorer is made of; plain JavaScript, since a browser runs it as it is. */
interface ExplorerDocument {
  groupOperations(document: Json): { name: string; operations: { path: string; method: string }[] }[];
  exampleOf(document: Json, schema: Json): unknown;
  requestOf(operation: Json, form: Json): { url: string; init: { method: string; headers: Json; body?: string } };
  curlOf(request: Json): string;
}

const load = () =>
  import(new URL('./explorer/document.js', import.meta.url).href) as Promise<unknown> as Promise<ExplorerDocument>;

const base = 'http://127.0.0.1:8080/';

test('operations are grouped by tag in the order of the document', async () => {
  const { groupOperations } = await load();

  const groups = groupOperations({
    tags: [{ name: 'Rooms' }, { name: 'Unused' }],
    paths: {
      '/v1/gifts': { get: { operationId: 'a', tags: ['Gifts'] } },
      '/v1/rooms': { post: { operationId: 'b', tags: ['Rooms'] }, get: { operationId: 'c', tags: ['Rooms'] } },
    },
  });

  assert.deepEqual(
    groups.map(({ name, operations }) => [name, operations.map(({ method, path }) => `${method} ${path}`)]),
    [
      ['Rooms', ['get /v1/rooms', 'post /v1/rooms']],
      ['Gifts', ['get /v1/gifts']],
    ],
  );
});

test('an example has what a caller sets, also of a message that contains itself', async () => {
  const { exampleOf } = await load();
  const document = {
    components: {
      schemas: {
        State: { type: 'string', enum: ['STATE_UNSPECIFIED', 'STATE_OPEN'] },
        Node: {
          type: 'object',
          properties: {
            id: { type: 'string', readOnly: true },
            coins: { type: 'string', format: 'int64' },
            state: { $ref: '#/components/schemas/State' },
            tags: { type: 'array', items: { type: 'string' } },
            child: { $ref: '#/components/schemas/Node', readOnly: true },
          },
        },
      },
    },
  };

  const example = exampleOf(document, { $ref: '#/components/schemas/Node' });

  assert.deepEqual(example, { coins: '1', state: 'STATE_OPEN', tags: [''] });
});

const operation = {
  path: '/v1/rooms/{id}:close',
  method: 'post',
  parameters: [
    { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
    { name: 'tags', in: 'query', schema: { type: 'array' } },
    { name: 'why', in: 'query', schema: { type: 'string' } },
  ],
  requestBody: {},
};

test('a form becomes a request: path and query are encoded, empty parameters left out', async () => {
  const { requestOf } = await load();

  const { url, init } = requestOf(operation, {
    values: { id: 'a/b', tags: 'x, y', why: '' },
    body: '{}',
    token: 't',
    base,
  });

  assert.equal(url, 'http://127.0.0.1:8080/v1/rooms/a%2Fb:close?tags=x&tags=y');
  assert.deepEqual(init, {
    method: 'POST',
    headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
    body: '{}',
  });
});

test('a form that cannot become a request says why', async () => {
  const { requestOf } = await load();

  assert.throws(() => requestOf(operation, { values: {}, body: '{}', token: '', base }), /id is empty/);
  assert.throws(
    () => requestOf(operation, { values: { id: 'a' }, body: '{', token: '', base }),
    /the body is not JSON/,
  );
});

test('the curl command quotes what a shell would read, and does not show the token', async () => {
  const { curlOf } = await load();

  const command = curlOf({
    url: 'http://127.0.0.1:8080/v1/rooms',
    init: { method: 'POST', headers: { authorization: 'Bearer secret' }, body: `{"title":"Ann's"}` },
  });

  assert.equal(
    command,
    `curl -i -X POST 'http://127.0.0.1:8080/v1/rooms' -H "authorization: Bearer $TOKEN" --data '{"title":"Ann'\\''s"}'`,
  );
});
