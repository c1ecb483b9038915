import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Outcome, withFields } from '../call/index.ts';
import { StatusError } from '../errors/index.ts';
import type { MethodInfo, Middleware } from '../service/index.ts';
import { callsOfEachKind, hanging, inTime, root, TestErrors } from './testdata/calls.ts';
import type { Connect } from './testdata/fixture.ts';

/** What stands around a handler: middleware, admission, limits, the drain. */
export function limitsContract(name: string, connect: Connect): void {
  describe(`${name}: around the handler`, inTime, () => {
    test('middleware runs from the outside in, and knows the method', async () => {
      const seen: string[] = [];
      const named = (label: string): Middleware => {
        return (next, method: MethodInfo) => async (ctx, input) => {
          seen.push(`${label} ${method.side} ${method.service}/${method.method} ${method.kind} ${method.idempotent}`);
          return next(ctx, input);
        };
      };
      await using fixture = await connect({
        client: { middleware: [named('client')] },
        server: { middleware: [named('server')] },
        service: { middleware: [named('service')] },
      });

      await fixture.client.getRoom(root, {});

      const method = 'flotilla.test.v1.RoomService/GetRoom unary true';
      assert.deepEqual(seen, [`client client ${method}`, `server server ${method}`, `service server ${method}`]);
    });

    test('a rejected call reaches no handler and the caller is told why', async () => {
      let calls = 0;
      await using fixture = await connect({
        server: {
          admit: ({ service, method, fields }) => ({
            admitted: false,
            error: new StatusError('resource_exhausted', `${service}/${method} of ${fields.tenant}`, {
              reason: 'FULL',
            }),
            retryAfterMs: 1_500,
          }),
        },
        handlers: hanging(undefined, () => calls++),
      });
      const ctx = withFields(root, { tenant: 'acme' });

      for (const call of Object.values(callsOfEachKind)) {
        await assert.rejects(call(fixture.client, ctx), (error: StatusError) => {
          assert.equal(error.reason, 'FULL');
          assert.match(error.message, /^flotilla.test.v1.RoomService\/\w+ of acme$/);
          return true;
        });
      }
      assert.equal(calls, 0);
    });

    test('whoever admitted a call is told how it ended, once', async () => {
      const outcomes: (string | undefined)[] = [];
      const done = (outcome: Outcome) => outcomes.push(outcome.error?.reason);
      await using fixture = await connect({
        server: { admit: () => ({ admitted: true, done }) },
        handlers: {
          async closeRoom() {
            throw TestErrors.ROOM_CLOSED('closed');
          },
        },
      });
      const { client } = fixture;

      await client.getRoom(root, {});
      await client.closeRoom(root, {}).catch(() => {});
      await Array.fromAsync(client.watchRoom(root, { count: 2 }));
      await fixture.stop(root);

      assert.deepEqual(outcomes, [undefined, 'ROOM_CLOSED', undefined]);
    });
  });

  describe(`${name}: limits`, inTime, () => {
    const tooLarge = { code: 'resource_exhausted' };
    const padding = new Uint8Array(2_000);

    test('a request larger than the server’s limit reaches no handler', async () => {
      let calls = 0;
      await using fixture = await connect({
        server: { maxMessageBytes: 1_000 },
        handlers: {
          async getRoom() {
            calls++;
            return {};
          },
        },
      });

      await assert.rejects(fixture.client.getRoom(root, { padding }), { ...tooLarge, reason: 'MESSAGE_TOO_LARGE' });

      assert.equal(calls, 0);
    });

    test('an answer larger than the server’s limit is not sent', async () => {
      await using fixture = await connect({
        server: { maxMessageBytes: 1_000 },
        handlers: { getRoom: async () => ({ padding }) },
      });

      await assert.rejects(fixture.client.getRoom(root, {}), { ...tooLarge, reason: 'MESSAGE_TOO_LARGE' });
    });

    test('a message larger than the client’s limit is neither sent nor taken', async () => {
      let calls = 0;
      await using fixture = await connect({
        client: { maxMessageBytes: 1_000 },
        handlers: {
          async getRoom() {
            calls++;
            return { padding };
          },
        },
      });

      const refused = { ...tooLarge, reason: 'MESSAGE_TOO_LARGE', message: /limit of 1000 bytes/ };
      await assert.rejects(fixture.client.getRoom(root, { padding }), refused);
      assert.equal(calls, 0);
      await assert.rejects(fixture.client.getRoom(root, {}), refused);
      assert.equal(calls, 1);
    });
  });

  describe(`${name}: drain`, inTime, () => {
    test('stop waits for a running call, which is answered', async () => {
      const started = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      await using fixture = await connect({
        handlers: {
          async getRoom() {
            started.resolve();
            await release.promise;
            return { room: { id: '7' } };
          },
        },
      });

      const answer = fixture.client.getRoom(root, {});
      await started.promise;
      const stopped = fixture.stop(root);
      release.resolve();

      assert.equal((await answer).room?.id, '7');
      await stopped;
    });

    test('a call that outlasts the drain is cut', async () => {
      const started = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      await using fixture = await connect({ handlers: hanging(() => ended.resolve(), started.resolve) });

      const answer = assert.rejects(fixture.client.getRoom(root, {}), { code: 'unavailable' });
      await started.promise;
      await fixture.stop(root.withTimeout(20));

      await ended.promise;
      await answer;
    });

    test('a stream that outlasts the drain’s patience ends with DRAINING', async () => {
      const started = Promise.withResolvers<void>();
      await using fixture = await connect({
        server: { streamDrainMs: 1 },
        handlers: hanging(undefined, started.resolve),
      });

      const answer = assert.rejects(Array.fromAsync(fixture.client.watchRoom(root, {})), { reason: 'DRAINING' });
      await started.promise;
      await fixture.stop(root);

      await answer;
    });

    test('a call after stop fails with unavailable', async () => {
      await using fixture = await connect();
      await fixture.client.getRoom(root, {});

      await fixture.stop(root);

      await assert.rejects(fixture.client.getRoom(root, {}), { code: 'unavailable' });
    });
  });
}
