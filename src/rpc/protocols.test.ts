import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { describe, test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { StatusError } from '../errors/index.ts';
import { ErrorInfoSchema } from './gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from './gen/google/rpc/status_pb.ts';
import { inTime, TestErrors } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import type { RoomHandlers } from './testdata/room-handlers.ts';

/** Clients that know nothing of this package: what they can do, any client of the protocol can. */
const peers: Record<string, (baseUrl: string) => Transport> = {
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  'gRPC in JSON': (baseUrl) => createGrpcTransport({ baseUrl, useBinaryFormat: false }),
  'gRPC, compressed': (baseUrl) =>
    createGrpcTransport({
      baseUrl,
      sendCompression: compressionGzip,
      acceptCompression: [compressionGzip],
      compressMinBytes: 1,
    }),
  'gRPC-Web over HTTP/1.1': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
  'gRPC-Web over HTTP/2': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '2' }),
  'Connect over HTTP/1.1': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  'Connect in binary over HTTP/1.1': (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true }),
  'Connect with GET over HTTP/1.1': (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: '1.1', useHttpGet: true }),
  'Connect over HTTP/2': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' }),
  'Connect with GET over HTTP/2': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2', useHttpGet: true }),
  'Connect, compressed': (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: '2', sendCompression: compressionGzip, compressMinBytes: 1 }),
};

const failing: Partial<RoomHandlers> = {
  async getRoom(_ctx, { id }) {
    if (id === 'long') throw TestErrors.ROOM_CLOSED('x'.repeat(3_000));
    throw TestErrors.ROOM_CLOSED('room 7 is closed', { metadata: { id: '7' } });
  },
  async *watchRoom() {
    yield { number: 1 };
    throw TestErrors.ROOM_CLOSED('room 7 is closed', { metadata: { id: '7' } });
  },
};

async function* texts(...all: string[]) {
  for (const text of all) yield { text };
}

for (const [name, transport] of Object.entries(peers)) {
  describe(`a foreign client that speaks ${name}`, inTime, () => {
    test('calls methods of every kind that its HTTP version can carry', async () => {
      await using fixture = await networkFixture();
      const client = createClient(RoomService, transport(fixture.url));

      assert.equal((await client.getRoom({ id: '7' })).room?.title, 'room 7');
      assert.equal((await client.createRoom({ room: { title: 'x'.repeat(2_000) } })).room?.title.length, 2_000);
      assert.deepEqual(
        (await Array.fromAsync(client.watchRoom({ id: '7', count: 3 }))).map(({ number }) => number),
        [1, 2, 3],
      );
      assert.equal((await client.uploadMessages(texts('a', 'b'))).count, 2);
      if (name.endsWith('1.1')) return;
      assert.deepEqual(
        (await Array.fromAsync(client.chat(texts('a', 'b')))).map(({ text }) => text),
        ['A', 'B'],
      );
    });

    test('gets the error’s code, message and ErrorInfo', async () => {
      await using fixture = await networkFixture({ handlers: failing });
      const client = createClient(RoomService, transport(fixture.url));
      const isClosed = (error: unknown) => {
        assert.ok(error instanceof ConnectError);
        assert.equal(error.code, Code.FailedPrecondition);
        const [info] = error.findDetails(ErrorInfoSchema);
        assert.partialDeepStrictEqual(info, { reason: 'ROOM_CLOSED', domain: 'live.room' });
        return true;
      };

      await assert.rejects(client.getRoom({ id: '7' }), isClosed);
      await assert.rejects(client.getRoom({ id: 'long' }), isClosed);
      await assert.rejects(Array.fromAsync(client.watchRoom({ id: '7' })), isClosed);
    });

    test('has its deadline arrive', async () => {
      const lefts: number[] = [];
      await using fixture = await networkFixture({
        server: { timeoutMs: 0 },
        handlers: {
          async getRoom(ctx) {
            lefts.push(ctx.remainingMs());
            return {};
          },
        },
      });
      const client = createClient(RoomService, transport(fixture.url));

      await client.getRoom({}, { timeoutMs: 30_000 });
      await client.getRoom({});

      const [left = 0, none] = lefts;
      assert.ok(left > 20_000 && left <= 30_000, `${left}`);
      assert.equal(none, Number.POSITIVE_INFINITY);
    });

    test('cancels the handler when it gives up', async () => {
      const started = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      await using fixture = await networkFixture({
        handlers: {
          getRoom(ctx) {
            ctx.onDone(ended.resolve);
            started.resolve();
            return new Promise(() => {});
          },
        },
      });
      const client = createClient(RoomService, transport(fixture.url));
      const abort = new AbortController();

      const answer = assert.rejects(client.getRoom({}, { signal: abort.signal }));
      await started.promise;
      abort.abort();

      await answer;
      await ended.promise;
    });

    test('gets unimplemented for a method that the server does not have', async () => {
      await using fixture = await networkFixture();
      const method = { ...RoomService.method.closeRoom, name: 'Nope' };
      const { unary } = transport(fixture.url);

      await assert.rejects(
        unary(method as never, undefined, undefined, undefined, {} as never),
        (error: ConnectError) => error.code === Code.Unimplemented,
      );
    });

    test('is told when its message is too large', async () => {
      await using fixture = await networkFixture({ server: { maxMessageBytes: 1_000 } });
      const client = createClient(RoomService, transport(fixture.url));

      await assert.rejects(client.createRoom({ room: { title: noise(4_000) } }), (error: ConnectError) => {
        assert.equal(error.code, Code.ResourceExhausted);
        assert.equal(error.findDetails(ErrorInfoSchema)[0]?.reason, 'MESSAGE_TOO_LARGE');
        return true;
      });
    });
  });
}

describe('the error on the wire', inTime, () => {
  const json = { 'content-type': 'application/json' };

  test('is the one error shape in Connect’s JSON, with the status of its code', async () => {
    await using fixture = await networkFixture({ handlers: failing });

    const answer = await fetch(`${fixture.url}/flotilla.test.v1.RoomService/GetRoom`, {
      method: 'POST',
      headers: json,
      body: '{}',
    });

    assert.equal(answer.status, 400);
    const { details, ...body } = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual(body, {
      code: 'failed_precondition',
      reason: 'ROOM_CLOSED',
      message: 'room 7 is closed',
      domain: 'live.room',
      metadata: { id: '7' },
    });
    assert.partialDeepStrictEqual(details, [{ type: 'google.rpc.ErrorInfo', debug: { reason: 'ROOM_CLOSED' } }]);
  });

  test('is the one error shape at the end of a Connect stream', async () => {
    await using fixture = await networkFixture({ handlers: failing });
    const body = envelope('{}');
    const headers = { 'content-type': 'application/connect+json' };

    const answer = await fetch(`${fixture.url}/flotilla.test.v1.RoomService/WatchRoom`, {
      method: 'POST',
      headers,
      body,
    });

    assert.equal(answer.status, 200);
    const [first, last] = envelopes(new Uint8Array(await answer.arrayBuffer()));
    assert.deepEqual(first, { flags: 0, text: '{"number":1}' });
    assert.equal(last?.flags, 2);
    assert.partialDeepStrictEqual(JSON.parse(last.text), {
      error: { code: 'failed_precondition', reason: 'ROOM_CLOSED', domain: 'live.room', metadata: { id: '7' } },
    });
  });

  test('is google.rpc.Status in gRPC’s trailers', async () => {
    await using fixture = await networkFixture({ handlers: failing });

    const { headers } = await http2Call(
      fixture.url,
      {
        ':method': 'POST',
        ':path': '/flotilla.test.v1.RoomService/GetRoom',
        'content-type': 'application/grpc',
      },
      envelope(''),
    );

    assert.equal(headers['grpc-status'], '9');
    const status = fromBinary(StatusSchema, Buffer.from(String(headers['grpc-status-details-bin']), 'base64'));
    assert.partialDeepStrictEqual(status, { code: 9, message: 'room 7 is closed' });
    assert.equal(status.details[0]?.typeUrl, 'type.googleapis.com/google.rpc.ErrorInfo');
  });

  test('tells a rejected caller when to come back', async () => {
    const error = new StatusError('resource_exhausted', 'full', { reason: 'FULL' });
    await using fixture = await networkFixture({
      server: { admit: () => ({ admitted: false, error, retryAfterMs: 1_500 }) },
    });

    const answer = await fetch(`${fixture.url}/flotilla.test.v1.RoomService/GetRoom`, {
      method: 'POST',
      headers: json,
      body: '{}',
    });

    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get('retry-after'), '2');
  });

  const table: [title: string, path: string, init: RequestInit, status: number, reason: string][] = [
    ['JSON that is none', 'GetRoom', { headers: json, body: '{' }, 400, 'MALFORMED_MESSAGE'],
    ['JSON of another shape', 'GetRoom', { headers: json, body: '{"id":1}' }, 400, 'MALFORMED_MESSAGE'],
    [
      'bytes that are no message',
      'GetRoom',
      { headers: { 'content-type': 'application/proto' }, body: '\x0a\xff' },
      400,
      'MALFORMED_MESSAGE',
    ],
    [
      'a body that is not compressed as it says',
      'GetRoom',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
      400,
      'MALFORMED_MESSAGE',
    ],
    [
      'a compression that nobody knows',
      'GetRoom',
      { headers: { ...json, 'content-encoding': 'zip' }, body: '{}' },
      501,
      'UNIMPLEMENTED',
    ],
    [
      'a foreign content type',
      'GetRoom',
      { headers: { 'content-type': 'text/plain' }, body: '{}' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a unary body for a stream', 'WatchRoom', { headers: json, body: '{}' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a bad deadline',
      'GetRoom',
      { headers: { ...json, 'connect-timeout-ms': 'soon' }, body: '{}' },
      400,
      'MALFORMED_MESSAGE',
    ],
    ['an unknown method', 'Nope', { headers: json, body: '{}' }, 501, 'METHOD_NOT_FOUND'],
    [
      'gRPC over HTTP/1.1',
      'GetRoom',
      { headers: { 'content-type': 'application/grpc' }, body: '' },
      505,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'bidi over HTTP/1.1',
      'Chat',
      { headers: { 'content-type': 'application/connect+json' }, body: '' },
      505,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  ];
  for (const [title, method, init, status, reason] of table) {
    test(`${title} is refused with ${status} ${reason} and reaches no handler`, async () => {
      await using fixture = await networkFixture({
        handlers: { getRoom: () => assert.fail('called'), watchRoom: () => assert.fail('called') },
      });

      const answer = await fetch(`${fixture.url}/flotilla.test.v1.RoomService/${method}`, { method: 'POST', ...init });

      assert.equal(answer.status, status);
      assert.partialDeepStrictEqual(await answer.json(), {
        reason,
        domain: status === 501 && reason === 'UNIMPLEMENTED' ? 'flotilla' : 'flotilla.rpc',
      });
    });
  }

  for (const [method, types] of [
    ['GetRoom', 'application/json or application/proto'],
    ['WatchRoom', 'application/connect\\+json or \\+proto'],
  ] as const) {
    test(`who sends no content type is told how to call ${method}`, async () => {
      await using fixture = await networkFixture();

      const answer = await fetch(`${fixture.url}/flotilla.test.v1.RoomService/${method}`, {
        method: 'POST',
        body: '{}',
      });

      const { message } = (await answer.json()) as { message: string };
      assert.match(message, new RegExp(`POST it with the content type ${types}`));
    });
  }

  test('a GET of a method with side effects is refused with 405 and Allow', async () => {
    await using fixture = await networkFixture();

    const answer = await fetch(
      `${fixture.url}/flotilla.test.v1.RoomService/CreateRoom?connect=v1&encoding=json&message={}`,
    );

    assert.equal(answer.status, 405);
    assert.match(answer.headers.get('allow') ?? '', /POST/);
    assert.partialDeepStrictEqual(await answer.json(), { reason: 'METHOD_NOT_ALLOWED' });
  });
});

function noise(length: number): string {
  let text = '';
  for (let seed = 1; text.length < length; seed = (seed * 48_271) % 2_147_483_647) text += seed.toString(36);
  return text.slice(0, length);
}

function envelope(text: string): Uint8Array<ArrayBuffer> {
  const data = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(data.length, 1);
  return new Uint8Array(Buffer.concat([head, data]));
}

function envelopes(bytes: Uint8Array): { flags: number; text: string }[] {
  const all: { flags: number; text: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at + 1).getUint32(0);
    all.push({ flags: bytes[at] ?? 0, text: Buffer.from(bytes.subarray(at + 5, at + 5 + length)).toString() });
    at += 5 + length;
  }
  return all;
}

/** One exchange over a connection of its own; the answer's headers and trailers in one. */
async function http2Call(url: string, head: Record<string, string>, body: Uint8Array) {
  const session = connectHttp2(url);
  try {
    const stream = session.request(head);
    const headers: Record<string, unknown> = {};
    stream.on('response', (got) => Object.assign(headers, got));
    stream.on('trailers', (got) => Object.assign(headers, got));
    stream.end(body);
    const chunks = await Array.fromAsync(stream as AsyncIterable<Buffer>);
    return { headers, body: Buffer.concat(chunks) };
  } finally {
    session.close();
  }
}
