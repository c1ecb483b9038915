import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as errors from '../errors/index.ts';
import { StatusError } from '../errors/index.ts';
import { withTelemetry } from '../observe/index.ts';
import { callsOfEachKind, inTime, root, TestErrors, texts, textsOf } from './testdata/calls.ts';
import type { Connect } from './testdata/fixture.ts';
import { createRecorder } from './testdata/recorder.ts';
import type { RoomHandlers } from './testdata/room-handlers.ts';

/** What goes there and back: messages of all four kinds, and errors. */
export function callsContract(name: string, connect: Connect): void {
  describe(`${name}: messages`, inTime, () => {
    test('a unary call carries every kind of field both ways', async () => {
      await using fixture = await connect();

      const { room } = await fixture.client.createRoom(root, {
        room: { id: 'ü', title: '名', state: 1, viewerCount: 9_007_199_254_740_993n },
      });

      assert.partialDeepStrictEqual(room, { id: 'ü', title: '名', state: 1, viewerCount: 9_007_199_254_740_993n });
    });

    test('a server stream arrives in order and ends', async () => {
      await using fixture = await connect();
      const numbers: number[] = [];

      for await (const { number } of fixture.client.watchRoom(root, { id: '7', count: 100 })) numbers.push(number);

      assert.deepEqual(
        numbers,
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
    });

    test('a server stream may be empty', async () => {
      await using fixture = await connect();

      for await (const _ of fixture.client.watchRoom(root, { count: 0 })) assert.fail('a message');
    });

    test('a client stream is answered when it has ended', async () => {
      await using fixture = await connect();

      const answer = await fixture.client.uploadMessages(root, texts('a', 'b', 'c'));

      assert.partialDeepStrictEqual(answer, { count: 3, last: 'c' });
    });

    test('a client stream may be empty', async () => {
      await using fixture = await connect();

      assert.partialDeepStrictEqual(await fixture.client.uploadMessages(root, texts()), { count: 0 });
    });

    test('a bidi stream answers each message before the next is sent', async () => {
      await using fixture = await connect();
      const answered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      async function* requests() {
        yield { text: 'a' };
        await answered[0]?.promise;
        yield { text: 'b' };
        await answered[1]?.promise;
      }
      const seen: string[] = [];

      for await (const { text } of fixture.client.chat(root, requests())) {
        seen.push(text);
        answered[seen.length - 1]?.resolve();
      }

      assert.deepEqual(seen, ['A', 'B']);
    });

    test('a bidi stream may answer before the first request and after the last', async () => {
      await using fixture = await connect({
        handlers: {
          async *chat(_ctx, requests) {
            yield { text: 'hello' };
            for await (const _ of requests) yield { text: 'more' };
            yield { text: 'bye' };
          },
        },
      });

      assert.deepEqual(await textsOf(fixture.client.chat(root, texts('x'))), ['hello', 'more', 'bye']);
    });

    test('handlers get copies, never the caller’s objects', async () => {
      let seen: unknown;
      await using fixture = await connect({
        handlers: {
          async createRoom(_ctx, { room }) {
            seen = room;
            if (room !== undefined) room.title = 'changed';
            return { room: room ?? {} };
          },
        },
      });
      const { createRoom } = fixture.client;
      const mine = (await createRoom(root, { room: { title: 'mine' } })).room;
      assert.ok(mine);
      mine.title = 'mine';

      const theirs = (await createRoom(root, { room: mine })).room;

      assert.equal(mine.title, 'mine');
      assert.notEqual(theirs, seen);
    });
  });

  describe(`${name}: errors`, inTime, () => {
    const closed = () => TestErrors.ROOM_CLOSED('room 7 is closed, für immer', { metadata: { id: '7', ünï: '名' } });
    const failing: Partial<RoomHandlers> = {
      async getRoom() {
        throw closed();
      },
      // biome-ignore lint/correctness/useYield: it fails before its first message
      async *watchRoom() {
        throw closed();
      },
      async uploadMessages() {
        throw closed();
      },
      // biome-ignore lint/correctness/useYield: it fails before its first message
      async *chat() {
        throw closed();
      },
    };

    for (const [kind, call] of Object.entries(callsOfEachKind)) {
      test(`a defined error arrives whole from a ${kind} call`, async () => {
        await using fixture = await connect({ handlers: failing });

        await assert.rejects(call(fixture.client, root), (error) => {
          assert.ok(errors.is(error, TestErrors.ROOM_CLOSED));
          const { code, reason, domain, message, metadata } = error as StatusError;
          assert.deepEqual([code, reason, domain], ['failed_precondition', 'ROOM_CLOSED', 'live.room']);
          assert.equal(message, 'room 7 is closed, für immer');
          assert.deepEqual(metadata, { id: '7', ünï: '名' });
          return true;
        });
      });
    }

    test('every code arrives as itself', async () => {
      await using fixture = await connect({
        handlers: {
          async getRoom(_ctx, { id }) {
            throw new StatusError(id as errors.Code, 'told', { reason: 'TOLD', domain: 'test' });
          },
        },
      });

      for (const code of errors.codes) {
        await assert.rejects(fixture.client.getRoom(root, { id: code }), { code, reason: 'TOLD', message: 'told' });
      }
    });

    test('an unknown throw is concealed and has an id that finds the log line', async () => {
      const recorder = createRecorder('room');
      await using fixture = await connect({
        ctx: withTelemetry(root, recorder.telemetry),
        handlers: {
          async getRoom() {
            throw new TypeError('password is hunter2');
          },
        },
      });

      const error = await fixture.client.getRoom(root, {}).catch(errors.from);

      assert.ok(error instanceof StatusError);
      assert.deepEqual([error.code, error.reason], ['internal', 'INTERNAL']);
      assert.doesNotMatch(errors.format(error), /hunter2/);
      const line = recorder.lines.find(({ message }) => message.startsWith('server'));
      assert.match(errors.format(line?.fields.error), new RegExp(`${error.metadata.errorId}[^]*hunter2`));
    });

    test('an error that is too long for headers arrives cut, not lost', async () => {
      await using fixture = await connect({
        handlers: {
          async getRoom() {
            const metadata = { first: '1', long: 'x'.repeat(5_000) };
            throw TestErrors.ROOM_CLOSED('ü'.repeat(20_000), { metadata });
          },
        },
      });

      await assert.rejects(fixture.client.getRoom(root, {}), (error: StatusError) => {
        assert.equal(error.reason, 'ROOM_CLOSED');
        assert.match(error.message, /^ü{500}…$/);
        assert.deepEqual(error.metadata, { first: '1' });
        return true;
      });
    });

    test('a message that is not well-formed Unicode does not break the call', async () => {
      await using fixture = await connect({
        handlers: {
          async getRoom() {
            throw TestErrors.ROOM_CLOSED('half of a smile: \ud83d');
          },
        },
      });

      await assert.rejects(fixture.client.getRoom(root, {}), { reason: 'ROOM_CLOSED' });
    });

    test('messages that were sent before a failure arrive first', async () => {
      await using fixture = await connect({
        handlers: {
          async *watchRoom() {
            yield { number: 1 };
            yield { number: 2 };
            throw TestErrors.ROOM_CLOSED('closed');
          },
        },
      });
      const numbers: number[] = [];

      await assert.rejects(
        async () => {
          for await (const { number } of fixture.client.watchRoom(root, {})) numbers.push(number);
        },
        { reason: 'ROOM_CLOSED' },
      );

      assert.deepEqual(numbers, [1, 2]);
    });

    test('a failing stream of requests fails the call with its error and cancels the handler', async () => {
      const started = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      await using fixture = await connect({
        handlers: {
          async uploadMessages(ctx, requests) {
            ctx.onDone(ended.resolve);
            for await (const _ of requests) started.resolve();
            return {};
          },
        },
      });
      async function* requests() {
        yield { text: 'a' };
        await started.promise;
        throw TestErrors.ROOM_CLOSED('no more');
      }

      await assert.rejects(fixture.client.uploadMessages(root, requests()), { reason: 'ROOM_CLOSED' });
      await ended.promise;
    });
  });
}
