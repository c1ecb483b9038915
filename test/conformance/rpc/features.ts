import assert from 'node:assert/strict';
import { Health, HealthCheckResponse_ServingStatus as Status } from '../../../src/rpc/gen/grpc/health/v1/health_pb.ts';
import { ServerReflection } from '../../../src/rpc/gen/grpc/reflection/v1/reflection_pb.ts';
import { RoomService } from '../../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import type { Caller, CallerOptions, Explained } from './clients/caller.ts';
import { closed, type Testee } from './testee.ts';

/** What a client and a server must be able to do together. */
export interface Feature {
  readonly name: string;
  /** How both are made. Default: plainly. */
  readonly options?: CallerOptions;
  run(caller: Caller, testee: Testee): Promise<void>;
}

async function* texts(...all: string[]): AsyncGenerator<{ text: string }> {
  for (const text of all) yield { text };
}

async function textsOf(stream: AsyncIterable<{ readonly text: string }>): Promise<string[]> {
  return (await Array.fromAsync(stream)).map(({ text }) => text);
}

async function failureOf(caller: Caller, call: Promise<unknown>): Promise<Explained> {
  return call.then(
    () => assert.fail('the call did not fail'),
    (thrown) => caller.explain(thrown),
  );
}

function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 31) % 251);
}

/** All of base64's alphabet, and no whole number of groups. */
const rawBase64 = Buffer.from([0, 1, 2, 250, 251, 255, 254]).toString('base64').replace(/=+$/, '');

function valuesOf(headers: Headers, name: string): (string | null)[] {
  return [headers.get(name), headers.get(`${name}-bin`)?.replace(/=+$/, '') ?? null];
}

const room = (caller: Caller) => caller.client(RoomService);

export const features: readonly Feature[] = [
  {
    name: 'unary',
    async run(caller) {
      const { room: found, padding } = await room(caller).getRoom({ id: '7', house: 'é', padding: bytesOf(100) });
      assert.deepEqual([found?.id, found?.title, ...padding], ['7', 'é', ...bytesOf(100)]);
    },
  },
  {
    name: 'server stream',
    async run(caller) {
      const all = await Array.fromAsync(room(caller).watchRoom({ id: '7', count: 50 }));
      assert.deepEqual(
        all.map(({ number }) => number),
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    },
  },
  {
    name: 'client stream',
    async run(caller) {
      const { count, last } = await room(caller).uploadMessages(texts('a', 'b', 'c'));
      assert.deepEqual([count, last], [3, 'c']);
    },
  },
  {
    name: 'bidi stream',
    async run(caller) {
      const heard = Promise.withResolvers<void>();
      const answers = room(caller).chat(
        (async function* () {
          yield { text: 'a' };
          await heard.promise;
          yield { text: 'b' };
        })(),
      );
      const all: string[] = [];
      for await (const { text } of answers) {
        all.push(text);
        heard.resolve();
      }
      assert.deepEqual(all, ['A', 'B']);
    },
  },
  {
    name: 'half-close',
    async run(caller) {
      assert.deepEqual(await textsOf(room(caller).chat(texts('a', 'hold', 'b'))), ['A', 'hold', 'b']);
      const open = new AbortController();
      const endless = (async function* () {
        yield { text: 'leave' };
        await new Promise((resolve) => open.signal.addEventListener('abort', resolve));
      })();
      assert.deepEqual(await textsOf(room(caller).chat(endless)), ['LEAVE']);
      open.abort();
    },
  },
  {
    name: 'empty messages',
    async run(caller) {
      assert.equal((await room(caller).getRoom({ id: 'empty' })).room, undefined);
      const { room: found } = await room(caller).getRoom({});
      assert.deepEqual([found?.id, found?.title], ['', '']);
      assert.equal((await Array.fromAsync(room(caller).watchRoom({ id: 'empty', count: 3 }))).length, 3);
      assert.equal((await Array.fromAsync(room(caller).watchRoom({}))).length, 0);
    },
  },
  {
    name: 'large messages',
    async run(caller) {
      const padding = bytesOf(2_500_000);
      assert.ok(Buffer.from(padding).equals((await room(caller).getRoom({ id: '7', padding })).padding));
    },
  },
  {
    name: 'too large a message',
    async run(caller) {
      const padding = bytesOf(5_000_000);
      assert.equal((await failureOf(caller, room(caller).getRoom({ id: '7', padding }))).code, 8);
    },
  },
  {
    name: 'deadline',
    async run(caller, testee) {
      const { room: found } = await room(caller).getRoom({ id: 'left' }, { timeoutMs: 30_000 });
      const left = Number(found?.title);
      assert.ok(left > 10_000 && left <= 30_000, `${left} ms are left`);
      // The connection is there by now: the call reaches the server in time.
      const { code } = await failureOf(caller, room(caller).getRoom({ id: 'hang' }, { timeoutMs: 500 }));
      assert.equal(code, 4);
      await testee.ended;
    },
  },
  {
    name: 'cancel a call',
    async run(caller, testee) {
      const abort = new AbortController();
      const answer = failureOf(caller, room(caller).getRoom({ id: 'hang' }, { signal: abort.signal }));
      await testee.started;
      abort.abort();
      await answer;
      await testee.ended;
    },
  },
  {
    name: 'leave a stream',
    async run(caller, testee) {
      const abort = new AbortController();
      for await (const { number } of room(caller).watchRoom({ id: 'hang', count: 1 }, { signal: abort.signal })) {
        assert.equal(number, 1);
        // Of Connect's clients it is not enough to leave the loop.
        abort.abort();
        break;
      }
      await testee.ended;
    },
  },
  {
    name: 'all 16 codes',
    async run(caller) {
      for (let code = 1; code <= 16; code++) {
        const failure = await failureOf(caller, room(caller).getRoom({ id: `code ${code}` }));
        assert.deepEqual([failure.code, failure.message], [code, `the status ${code}`]);
      }
    },
  },
  {
    name: 'error details',
    async run(caller) {
      const expected = { code: 9, message: closed().message, info: closed().info };
      const unary = failureOf(caller, room(caller).getRoom({ id: 'closed' }));
      assert.partialDeepStrictEqual(await unary, expected);
      const stream = failureOf(caller, Array.fromAsync(room(caller).watchRoom({ id: 'closed', count: 2 })));
      assert.partialDeepStrictEqual(await stream, expected);
    },
  },
  {
    name: 'unknown method',
    async run(caller) {
      const unknown = { ...RoomService.method.getRoom, name: 'Nope' };
      const nope = {
        ...RoomService,
        methods: [unknown],
        method: { getRoom: unknown },
      } as unknown as typeof RoomService;
      assert.equal((await failureOf(caller, caller.client(nope).getRoom({}))).code, 12);
      const stranger = { ...RoomService, typeName: 'live.nope.v1.NopeService' };
      const methods = RoomService.methods.map((method) => ({ ...method, parent: stranger }));
      const other = { ...stranger, methods, method: { getRoom: methods[0] } } as unknown as typeof RoomService;
      assert.equal((await failureOf(caller, caller.client(other).getRoom({}))).code, 12);
    },
  },
  {
    name: 'fields',
    async run(caller) {
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const headers = {
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
        baggage: 'shelf=12',
        'flotilla-tenant': encodeURIComponent('Zürich'),
        'flotilla-priority': 'critical',
      };
      const { room: found } = await room(caller).getRoom({ id: 'fields' }, { headers });
      assert.equal(found?.title, `Zürich critical ${traceId} 12`);
    },
  },
  {
    name: 'metadata',
    async run(caller) {
      const came: (string | null)[] = [];
      const options = {
        headers: { 'x-key': 'a, b', 'x-raw-bin': rawBase64 },
        onHeader: (headers: Headers) => void came.push(...valuesOf(headers, 'x-head')),
        onTrailer: (trailers: Headers) => void came.push(...valuesOf(trailers, 'x-tail')),
      };
      await room(caller).getRoom({ id: 'metadata' }, options);
      await Array.fromAsync(room(caller).watchRoom({ id: 'metadata', count: 2 }, options));
      assert.deepEqual(came, Array(4).fill(['a, b', rawBase64]).flat());
    },
  },
  {
    name: 'metadata of an error',
    async run(caller) {
      const options = { headers: { 'x-key': 'a', 'x-raw-bin': rawBase64 } };
      const unary = failureOf(caller, room(caller).getRoom({ id: 'metadata of an error' }, options));
      const { code, metadata } = await unary;
      assert.deepEqual([code, ...valuesOf(metadata, 'x-tail')], [9, 'a', rawBase64]);
      const stream = room(caller).watchRoom({ id: 'metadata of an error', count: 1 }, options);
      const late = await failureOf(caller, Array.fromAsync(stream));
      assert.deepEqual([late.code, ...valuesOf(late.metadata, 'x-tail')], [9, 'a', rawBase64]);
    },
  },
  {
    name: 'gzip',
    options: { gzip: true },
    async run(caller) {
      const house = 'long '.repeat(2_000);
      assert.equal((await room(caller).getRoom({ id: '7', house })).room?.title, house);
      assert.equal((await Array.fromAsync(room(caller).watchRoom({ count: 3 }))).length, 3);
    },
  },
  {
    name: 'health',
    async run(caller) {
      const health = caller.client(Health);
      assert.equal((await health.check({})).status, Status.SERVING);
      assert.equal((await health.check({ service: RoomService.typeName })).status, Status.SERVING);
      assert.equal((await failureOf(caller, health.check({ service: 'live.Nope' }))).code, 5);
    },
  },
  {
    name: 'health, watched',
    async run(caller) {
      for await (const { status } of caller.client(Health).watch({})) {
        assert.equal(status, Status.SERVING);
        break;
      }
    },
  },
  {
    name: 'reflection',
    async run(caller) {
      const ask = async function* () {
        yield { messageRequest: { case: 'listServices', value: '' } } as const;
        yield { messageRequest: { case: 'fileContainingSymbol', value: RoomService.typeName } } as const;
      };
      const all = await Array.fromAsync(caller.client(ServerReflection).serverReflectionInfo(ask()));
      const [services, files] = all.map(({ messageResponse }) => messageResponse);
      assert.ok(services?.case === 'listServicesResponse');
      assert.ok(services.value.service.some(({ name }) => name === RoomService.typeName));
      assert.ok(files?.case === 'fileDescriptorResponse' && files.value.fileDescriptorProto.length > 1);
    },
  },
];
