import assert from 'node:assert/strict';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { GetRoomRequestSchema, RoomService } from '../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { ourClient } from './clients/ours.ts';
import { connectNodeServer } from './servers/connect-node.ts';
import { ourServer } from './servers/ours.ts';

/** What no client of other make shows: the bytes and headers themselves. */
const path = `/${RoomService.typeName}/GetRoom`;
const inTime = { timeout: 30_000 };
const grpc = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };

function request(id: string, house = ''): Buffer {
  return Buffer.from(toBinary(GetRoomRequestSchema, create(GetRoomRequestSchema, { id, house })));
}

function envelope(flags: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(data.length, 1);
  return Buffer.concat([head, data]);
}

/** One exchange with our server: the headers and trailers in one, and the body. */
async function exchange(headers: Record<string, string>, body: Buffer) {
  await using server = await ourServer();
  const session = connect(server.url);
  try {
    const stream = session.request(headers);
    const got: IncomingHttpHeaders = {};
    stream.on('response', (head) => Object.assign(got, head));
    stream.on('trailers', (trailers) => Object.assign(got, trailers));
    stream.end(body);
    return { headers: got, body: Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)) };
  } finally {
    session.destroy();
  }
}

describe('compression on the wire', inTime, () => {
  const long = 'long '.repeat(2_000);

  test('a gRPC request in gzip is read, and answered in gzip where the caller takes it', async () => {
    const zipped = envelope(1, gzipSync(request('7', long)));
    const encodings = { 'grpc-encoding': 'gzip', 'grpc-accept-encoding': 'gzip' };

    const { headers, body } = await exchange({ ...grpc, ...encodings }, zipped);

    assert.equal(headers['grpc-status'], '0');
    assert.equal(headers['grpc-encoding'], 'gzip');
    assert.equal(body[0], 1);
    assert.ok(body.length < 1_000);
  });

  test('a gRPC request is answered plainly where the caller takes nothing else', async () => {
    for (const accepted of [{}, { 'grpc-accept-encoding': 'identity' }]) {
      const { headers, body } = await exchange({ ...grpc, ...accepted }, envelope(0, request('7', long)));

      assert.equal(headers['grpc-status'], '0');
      assert.equal(body[0], 0);
      assert.ok(body.length > long.length);
    }
  });

  const unknown: Record<string, Record<string, string>> = {
    gRPC: { 'content-type': 'application/grpc', 'grpc-encoding': 'snappy' },
    'gRPC-Web': { 'content-type': 'application/grpc-web+proto', 'grpc-encoding': 'snappy' },
    Connect: { 'content-type': 'application/proto', 'content-encoding': 'snappy' },
  };
  for (const [name, encoding] of Object.entries(unknown)) {
    test(`a ${name} request in a compression that nobody knows is unimplemented, and says which are known`, async () => {
      const message = name === 'Connect' ? request('7') : envelope(1, request('7'));

      const { headers, body } = await exchange({ ...grpc, ...encoding }, message);

      const text = `${headers['grpc-status'] ?? ''} ${body}`;
      assert.match(text, name === 'gRPC' ? /^12 / : name === 'Connect' ? /"unimplemented"/ : /grpc-status: 12/);
      assert.match(name === 'gRPC' ? String(headers['grpc-accept-encoding']) : text, /gzip/);
    });
  }

  for (const protocol of ['connect', 'grpc', 'grpc-web'] as const) {
    test(`our client over ${protocol} hears unimplemented from a server that knows no gzip`, async () => {
      await using server = await connectNodeServer({ gzip: false });
      await using caller = ourClient(protocol)(server.url, { gzip: true });

      await assert.rejects(caller.client(RoomService).getRoom({ id: '7' }), { code: 'unimplemented' });
    });
  }
});

describe('an error of gRPC on the wire', inTime, () => {
  test('has a message in which only what is no printable ASCII is escaped', async () => {
    const { headers } = await exchange(grpc, envelope(0, request('closed')));

    const message = headers['grpc-message'];
    assert.equal(message, 'room%20%E2%80%9C7%E2%80%9D%20is%20closed:%20100%20%25%20%E4%B8%AD');
  });
});
