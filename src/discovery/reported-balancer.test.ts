import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallHead, defaultFields } from '../call/index.ts';
import { background } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import { createTelemetry, withTelemetry } from '../observe/index.ts';
import { liveGuard, withGuardSettings } from '../service/index.ts';
import { p2cBalancer } from './balance/p2c.ts';
import type { BalancerHooks } from './balancer.ts';
import type { Resolver } from './resolver.ts';
import { staticResolver } from './static-resolver.ts';

const head: CallHead = { service: 'room', method: 'Get', sizeBytes: 0, timeoutMs: undefined, fields: defaultFields };
const urls = ['http://127.0.0.1:1', 'http://127.0.0.1:2', 'http://127.0.0.1:3'];

async function failOne(resolver: Resolver, ctx = background()): Promise<void> {
  const picks = await Promise.all(Array.from({ length: 60 }, () => resolver.resolve(ctx, 'room', head)));
  for (const pick of picks) {
    const error = pick.node.id === 'room-2' ? new StatusError('internal', 'broken') : undefined;
    pick.done({ error, durationMs: 5 });
  }
}

describe('a target of a resolver', () => {
  it('tells metrics and the log of the first caller who is ejected, and why', async () => {
    const lines: string[] = [];
    const telemetry = createTelemetry({
      resource: { service: 'caller', version: '1', instance: 'caller-1' },
      write: (text) => void lines.push(text),
    });
    const resolver = staticResolver({ room: urls });

    await failOne(resolver, withTelemetry(background(), telemetry));

    const metrics = telemetry.prometheus();
    assert.match(metrics, /guard_outlier_ejected\S*\{.*target="room".*\} 1/);
    assert.match(metrics, /guard_outlier_ejections\S*\{.*target="room".*why="consecutive_failures".*\} 1/);
    await telemetry.close(background());
    assert.match(lines.join(''), /room-2 of room gets no calls for \d+ s: too many calls failed in a row/);
  });

  it('follows the settings of the app that its first caller belongs to, until the resolver is closed', async () => {
    const guard = liveGuard({ outlier: { maxEjectedShare: 0 } });
    const ctx = withGuardSettings(background(), guard);
    const resolver = staticResolver({ room: urls });
    const isEjected = async () => {
      const picks = await Promise.all(Array.from({ length: 100 }, () => resolver.resolve(ctx, 'room', head)));
      // Says nothing of the nodes.
      for (const pick of picks) pick.done({ error: new StatusError('canceled', 'test'), durationMs: 5 });
      return picks.every(({ node }) => node.id !== 'room-2');
    };

    await failOne(resolver, ctx);
    assert.equal(await isEjected(), false);
    assert.throws(() => guard.configure({ outlier: { slowFactor: 1 } }), /slowFactor is 1/);
    guard.configure({});
    await failOne(resolver, ctx);
    assert.equal(await isEjected(), true);
    await resolver.close();

    guard.configure({ outlier: { slowFactor: 1 } });
  });

  it('lets no call fail for settings that are wrong, and follows them when they are right', async () => {
    const guard = liveGuard({ outlier: { slowFactor: 1 } });
    const ctx = withGuardSettings(background(), guard);
    const applied: unknown[] = [];
    const balancer = (hooks: BalancerHooks) => {
      const made = p2cBalancer(hooks);
      const applySettings: typeof made.applySettings = (settings) => {
        made.applySettings(settings);
        applied.push(settings);
      };
      return { update: made.update.bind(made), pick: made.pick.bind(made), applySettings };
    };
    const resolver = staticResolver({ room: urls }, { balancer });

    const pick = await resolver.resolve(ctx, 'room', head);
    guard.configure({ outlier: { slowFactor: 3 } });

    assert.match(pick.node.id, /^room-/);
    assert.deepEqual(applied, [{ slowFactor: 3 }]);
    await resolver.close();
  });
});
