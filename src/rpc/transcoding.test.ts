import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, toJson } from '@bufbuild/protobuf';
import { StatusError } from '../errors/index.ts';
import { type HttpRule, httpRules } from './http-rule.ts';
import {
  GetRoomResponseSchema,
  RoomService,
  SearchRequestSchema,
  SearchService,
} from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { requestMessage, responseJson } from './transcoding.ts';

const rules = [...httpRules(RoomService), ...httpRules(SearchService)];

function rule(verb: string, template: string): HttpRule {
  const found = rules.find((candidate) => candidate.verb === verb && candidate.template === template);
  assert.ok(found, `${verb} ${template}`);
  return found;
}

test('rules list every binding of every annotated method', () => {
  const table = rules.map(({ method, verb, route, body, responseBody }) => {
    const bodyName = typeof body === 'object' ? body.name : (body ?? '-');
    return `${method.name} ${verb} ${route} ${bodyName} ${responseBody?.name ?? '-'}`;
  });

  assert.deepEqual(table, [
    'GetRoom GET /v1/rooms/:id - -',
    'GetRoom GET /v1/houses/:house/rooms/:id - -',
    'CreateRoom POST /v1/rooms room room',
    'CloseRoom POST /v1/rooms/:id:close * -',
    'WatchRoom GET /v1/rooms/:id/events - -',
    'Search GET /v1/search/:kind - -',
    'UpdateShelf PATCH /v1/shelves/:shelf_name shelf -',
    'ReadFile GET /v1/files/*path - -',
    'Purge DELETE /v1/shelves/:name/books/:name_2:purge - -',
  ]);
});

describe('a request message', () => {
  const search = rule('GET', '/v1/search/{kind}');
  const build = (query: Record<string, string | string[]>) =>
    toJson(SearchRequestSchema, requestMessage(search, { params: { kind: 'room' }, query }) as never);

  test('takes every kind of field from the query', () => {
    const table: [query: Record<string, string | string[]>, json: object][] = [
      [{}, {}],
      [{ page_size: '10' }, { pageSize: 10 }],
      [{ pageSize: '10' }, { pageSize: 10 }],
      [{ since_id: '-9223372036854775808' }, { sinceId: '-9223372036854775808' }],
      [{ max_bytes: '18446744073709551615' }, { maxBytes: '18446744073709551615' }],
      [{ score: '-1.5e3' }, { score: -1500 }],
      [{ score: 'Infinity' }, { score: 'Infinity' }],
      [{ weight: '.5' }, { weight: 0.5 }],
      [{ exact: 'true' }, { exact: true }],
      [{ state: 'ROOM_STATE_OPEN' }, { state: 'ROOM_STATE_OPEN' }],
      [{ state: '2' }, { state: 'ROOM_STATE_CLOSED' }],
      [{ tags: ['a', 'b'] }, { tags: ['a', 'b'] }],
      [{ tags: 'a' }, { tags: ['a'] }],
      [{ sizes: ['1', '2'] }, { sizes: [1, 2] }],
      [{ cursor: 'AQI=' }, { cursor: 'AQI=' }],
      [{ 'like.title': 'x', 'like.viewer_count': '3' }, { like: { title: 'x', viewerCount: '3' } }],
      [{ after: '2026-01-31T10:00:00Z' }, { after: '2026-01-31T10:00:00Z' }],
      [{ within: '1.5s' }, { within: '1.500s' }],
      [{ limit: '5' }, { limit: 5 }],
      [{ fields: 'title,viewerCount' }, { fields: 'title,viewerCount' }],
      [{ order_by: 'title' }, { orderBy: 'title' }],
      [{ note: '' }, { note: '' }],
    ];

    for (const [query, json] of table) assert.deepEqual(build(query), { kind: 'room', ...json }, JSON.stringify(query));
  });

  test('refuses what is no value of the field, and says which, the value, and the valid range', () => {
    const table: [query: Record<string, string | string[]>, key: string, problem: RegExp][] = [
      [
        { page_size: 'x' },
        'query.page_size',
        /"page_size" is "x"; it must be a whole number from -2147483648 to 2147483647/,
      ],
      [{ page_size: '2147483648' }, 'query.page_size', /whole number/],
      [{ page_size: '' }, 'query.page_size', /whole number/],
      [{ page_size: ['1', '2'] }, 'query.page_size', /given 2 times/],
      [{ max_bytes: '-1' }, 'query.max_bytes', /from 0 to 18446744073709551615/],
      [{ score: '0x10' }, 'query.score', /must be a number/],
      [{ exact: 'yes' }, 'query.exact', /true or false/],
      [{ state: 'OPEN' }, 'query.state', /one of ROOM_STATE_UNSPECIFIED, ROOM_STATE_OPEN, ROOM_STATE_CLOSED/],
      [{ cursor: '*' }, 'query.cursor', /base64/],
      [{ after: 'yesterday' }, 'query.after', /a time like/],
      [{ within: '1' }, 'query.within', /a duration like/],
      [{ like: 'x' }, 'query.like', /field by field/],
      [{ labels: 'x' }, 'query.labels', /it is a map/],
      [{ rooms: 'x' }, 'query.rooms', /field by field/],
      [{ nope: 'x' }, 'query.nope', /"nope" is unknown/],
      [{ 'like.nope': 'x' }, 'query.like.nope', /unknown/],
      [{ __proto__x: '1' }, 'query.__proto__x', /unknown/],
      [{ order_by: 'a', random: 'true' }, 'path or query.order', /set multiple times/],
    ];

    for (const [query, key, problem] of table) {
      assert.throws(
        () => build(query),
        (error: StatusError) => {
          assert.ok(error instanceof StatusError);
          assert.equal(error.code, 'invalid_argument');
          assert.equal(error.reason, 'INVALID_INPUT');
          assert.match(error.metadata[key] ?? JSON.stringify(error.metadata), problem, JSON.stringify(query));
          return true;
        },
      );
    }
  });

  test('takes all fields from a body of "*", and the path wins', () => {
    const close = rule('POST', '/v1/rooms/{id}:close');

    const message = requestMessage(close, { params: { id: '7' }, query: {}, body: { id: '8', because: 'late' } });

    assert.partialDeepStrictEqual(message, { id: '7', because: 'late' });
  });

  test('takes one field from the body and the others from the query', () => {
    const post = rule('POST', '/v1/rooms');

    const message = requestMessage(post, {
      params: {},
      query: { request_key: 'k' },
      body: { title: 'x', viewer_count: '3' },
    });

    assert.partialDeepStrictEqual(message, { requestKey: 'k', room: { title: 'x', viewerCount: 3n } });
  });

  test('merges a path variable into the field that the body fills', () => {
    const patch = rule('PATCH', '/v1/{shelf.name=shelves/*}');

    const message = requestMessage(patch, {
      params: { shelf_name: '7' },
      query: { dryRun: 'true' },
      body: { theme: 'sea' },
    });

    assert.partialDeepStrictEqual(message, { dryRun: true, shelf: { name: 'shelves/7', theme: 'sea' } });
  });

  test('takes the rest of a path', () => {
    const read = rule('GET', '/v1/files/{path=**}');

    assert.partialDeepStrictEqual(requestMessage(read, { params: { path: 'a/b' }, query: {} }), { path: 'a/b' });
  });

  test('refuses a bad body and names the field', () => {
    const post = rule('POST', '/v1/rooms');
    const close = rule('POST', '/v1/rooms/{id}:close');
    const table: [rule: HttpRule, body: unknown, metadata: Record<string, string>][] = [
      [close, 'text', { body: 'it is not a JSON object' }],
      [close, [], { body: 'it is not a JSON object' }],
      [close, null, { body: 'it is not a JSON object' }],
      [close, { nope: 1 }, { 'body.nope': '"nope": is unknown' }],
      [close, { because: 1 }, { 'body.because': '"because": expected string, got 1' }],
      [post, { title: 1 }, { 'body.title': '"title": expected string, got 1' }],
      [post, 'text', { 'body.room': '"room": is not valid' }],
    ];

    for (const [at, body, metadata] of table) {
      assert.throws(() => requestMessage(at, { params: { id: '7' }, query: {}, body }), {
        reason: 'INVALID_INPUT',
        metadata,
      });
    }
  });

  test('refuses a query where all fields are in the body', () => {
    const close = rule('POST', '/v1/rooms/{id}:close');

    assert.throws(() => requestMessage(close, { params: { id: '7' }, query: { because: 'x' } }), /must be in the body/);
  });
});

test('a response has fields with default values, under their JSON names', () => {
  const message = create(GetRoomResponseSchema, { room: { id: '7' } });

  const json = responseJson(rule('GET', '/v1/rooms/{id}'), message);

  assert.deepEqual(json, {
    room: { id: '7', title: '', state: 'ROOM_STATE_UNSPECIFIED', viewerCount: '0' },
    padding: '',
  });
});

test('response_body sends one field', () => {
  const post = rule('POST', '/v1/rooms');

  assert.partialDeepStrictEqual(responseJson(post, create(post.method.output, { room: { id: '7' } } as never)), {
    id: '7',
  });
  assert.equal(responseJson(post, create(post.method.output)), null);
});
