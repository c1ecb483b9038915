import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, type Context, rootContext } from '../concurrency/index.ts';
import { memoryRegistry, type Registry } from '../discovery/index.ts';
import { noTelemetry } from '../observe/index.ts';
import type { Server } from '../service/index.ts';
import { virtualClock } from '../testing/index.ts';
import { type App, type AppOptions, app } from './app.ts';
import { createHost } from './host.ts';

const ctx = background();
const drainMs = 1_000;
const propagationMs = 300;

/** Something that stops in so many milliseconds, or at once when its Context ends. */
type Takes = (what: string, ms: number) => (ctx: Context) => Promise<void>;

/** An app of parts that take their time, and what happened when, in milliseconds since it was told to stop. */
function release(change: (takes: Takes) => Partial<AppOptions> = () => ({})) {
  const clock = virtualClock();
  const events: [atMs: number, what: string][] = [];
  const note = (what: string) => events.push([clock.now(), what]);
  const takes: Takes = (what, ms) => async (stopping) => {
    note(`${what} begins`);
    await new Promise<void>((resolve) => {
      clock.after(ms, resolve);
      stopping.onDone(resolve);
    });
    note(`${what} ends`);
  };
  const server: Server = {
    start: async () => [{ name: 'rpc', url: 'http://127.0.0.1:1' }],
    stop: takes('go-away and drain', 200),
  };
  const room: App = app({
    name: 'room',
    version: '1.0.0',
    host: createHost({
      instance: 'room-1',
      registry: noting(memoryRegistry(), () => note(`deregistered while ${room.state}`)),
      telemetry: () => noTelemetry,
    }),
    servers: [server],
    consumers: [{ stop: takes('commit', 100) }],
    closers: [() => note('pool closed')],
    drainMs,
    propagationMs,
    ...change(takes),
  });
  return { room, clock, events };
}

function noting(registry: Registry, onClose: () => void): Registry {
  return {
    ...registry,
    async register(registering, instance) {
      const registration = await registry.register(registering, instance);
      return {
        async close(closing) {
          onClose();
          await registration.close(closing);
        },
      };
    },
  };
}

describe('a release', () => {
  it('is unready, leaves the registry, waits, drains, lets consumers commit, and closes pools, in this order', async () => {
    const { room, clock, events } = release();
    await room.start(ctx);

    const stopped = room.stop(rootContext(clock));
    await clock.advance(5_000);
    await stopped;

    assert.deepEqual(events, [
      [0, 'deregistered while draining'],
      [300, 'go-away and drain begins'],
      [500, 'go-away and drain ends'],
      [500, 'commit begins'],
      [600, 'commit ends'],
      [600, 'pool closed'],
    ]);
  });

  it('bounds the drain and then the commit by the deadline, and closes pools all the same', async () => {
    const { room, clock, events } = release((takes) => ({
      consumers: [{ stop: takes('commit', 100_000) }, { stop: () => Promise.reject(new Error('no broker')) }],
    }));
    await room.start(ctx);

    const stopped = room.stop(rootContext(clock));
    await clock.advance(10_000);
    await stopped;

    assert.deepEqual(events.slice(-3), [
      [500, 'commit begins'],
      [500 + drainMs, 'commit ends'],
      [500 + drainMs, 'pool closed'],
    ]);
  });

  it('stops consumers also where it could not start', async () => {
    const { room, events } = release(() => ({
      checks: { never: () => Promise.reject(new Error('no')) },
      startMs: 300,
    }));

    await assert.rejects(room.start(ctx));

    assert.deepEqual(
      events.map(([, what]) => what),
      ['go-away and drain begins', 'go-away and drain ends', 'commit begins', 'commit ends', 'pool closed'],
    );
  });

  it('may take as long as its steps may', () => {
    const without = release(() => ({ consumers: [] })).room.stopLimitMs;

    assert.equal(release().room.stopLimitMs - without, drainMs + 1_000);
  });
});
