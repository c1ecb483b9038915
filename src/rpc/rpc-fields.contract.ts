import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldsOf, withFields } from '../call/index.ts';
import { type Context, contextKey, current } from '../concurrency/index.ts';
import { withTelemetry } from '../observe/index.ts';
import { callsOfEachKind, inTime, root } from './testdata/calls.ts';
import type { Connect } from './testdata/fixture.ts';
import { createRecorder } from './testdata/recorder.ts';

/** The fields that travel with a call, and the spans on either side of it. */
export function fieldsContract(name: string, connect: Connect): void {
  describe(`${name}: fields`, inTime, () => {
    test('all of them arrive as they were, and nothing else of the caller’s Context does', async () => {
      const key = contextKey('test.key', 'none');
      let seen: Context | undefined;
      await using fixture = await connect({
        handlers: {
          async getRoom(ctx) {
            seen = ctx;
            return {};
          },
        },
      });
      const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, state: 'x=1' };
      const fields = {
        trace,
        baggage: new Map([['k', 'v ü']]),
        lane: 'blue',
        tenant: 'acme/ü',
        principal: 'user 7',
        priority: 'background',
        attempt: 2,
      } as const;

      await fixture.client.getRoom(withFields(root, fields).withValue(key, 'mine'), {});

      assert.ok(seen);
      assert.deepEqual(fieldsOf(seen), fields);
      assert.equal(seen.value(key), 'none');
    });

    test('each hop has a span on either side, in one trace', async () => {
      const [near, far] = [createRecorder('near'), createRecorder('far')];
      await using fixture = await connect({ ctx: withTelemetry(root, far.telemetry) });

      await fixture.client.getRoom(withTelemetry(root, near.telemetry), {});

      const [client] = near.spans;
      const [server] = far.spans;
      assert.partialDeepStrictEqual(client, {
        name: 'flotilla.test.v1.RoomService/GetRoom',
        kind: 'client',
        ended: true,
      });
      assert.partialDeepStrictEqual(server, {
        name: 'flotilla.test.v1.RoomService/GetRoom',
        kind: 'server',
        ended: true,
      });
      assert.equal(server?.traceId, client?.traceId);
      assert.equal(server?.parentSpanId, client?.spanId);
    });

    for (const [kind, call] of Object.entries(callsOfEachKind)) {
      test(`the spans of a ${kind} call end with it`, async () => {
        const [near, far] = [createRecorder('near'), createRecorder('far')];
        await using fixture = await connect({ ctx: withTelemetry(root, far.telemetry) });

        await call(fixture.client, withTelemetry(root, near.telemetry));
        await fixture.stop(root);

        assert.deepEqual(
          [...near.spans, ...far.spans].map(({ ended }) => ended),
          [true, true],
        );
      });
    }

    test('the handler’s Context is the current one, in streams too', async () => {
      const seen: boolean[] = [];
      await using fixture = await connect({
        handlers: {
          async getRoom(ctx) {
            seen.push(fieldsOf(current()) === fieldsOf(ctx));
            return {};
          },
          async *watchRoom(ctx) {
            seen.push(fieldsOf(current()) === fieldsOf(ctx));
            yield {};
            seen.push(fieldsOf(current()) === fieldsOf(ctx));
          },
        },
      });
      const tenant = withFields(root, { tenant: 'acme' });

      await fixture.client.getRoom(tenant, {});
      await Array.fromAsync(fixture.client.watchRoom(tenant, {}));

      assert.deepEqual(seen, [true, true, true]);
    });
  });
}
