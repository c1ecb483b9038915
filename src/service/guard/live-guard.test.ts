import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import * as errors from '../../errors/index.ts';
import { loadConfig } from '../config.ts';
import { guardDefaults } from '../defaults.ts';
import { guardConfig, withGuardConfig } from './guard-config.ts';
import { liveGuard } from './live-guard.ts';

describe('guardConfig', () => {
  const schema = withGuardConfig(z.object({ port: z.number().default(1) }));
  const load = (tree: Readonly<Record<string, unknown>>, env = {}) =>
    loadConfig(schema, { defaults: tree, prefix: 'LIVE_', env });
  const problem = (tree: Readonly<Record<string, unknown>>) =>
    load(tree).then(
      () => assert.fail('it was accepted'),
      (thrown: unknown) => errors.from(thrown).message,
    );

  it('takes every default that is followed, and stands beside the schema of the service', async () => {
    assert.equal(await load({}).then(({ port, guard }) => port + Object.keys(guard).length), 1);
    const { overload, breaker, retry, hedge, outlier } = guardDefaults;
    const sections = { overload, breaker, retry, hedge, outlier };
    assert.deepEqual((await load({ guard: sections })).guard, sections);
    assert.equal(guardConfig['~standard'].vendor, 'flotilla');
  });

  it('takes a knob from the environment, by its name', async () => {
    const { guard } = await load({}, { LIVE_GUARD_OVERLOAD_TARGET_MS: '7' });

    assert.deepEqual(guard, { overload: { targetMs: 7 } });
  });

  it('takes named knobs for limits, bulkheads and quotas', async () => {
    const guard = { limits: { signup: { limit: 5 } }, isolation: { database: { limit: 8 } } };

    assert.deepEqual((await load({ guard })).guard, guard);
  });

  for (const [what, guard, message] of [
    ['an unknown section', { overlaod: {} }, /unknown key "guard.overlaod".*did you mean "overload"/],
    ['what nobody follows', { deadline: { rpcMs: 7 } }, /unknown key "guard.deadline"/],
    ['an unknown knob', { overload: { targetM: 1 } }, /unknown key "guard.overload.targetM".*did you mean "targetMs"/],
    ['a text for a number', { overload: { targetMs: 'much' } }, /guard.overload.targetMs is "much".*must be a number/],
    ['a value for a section', { overload: 5 }, /guard.overload is 5.*must be a section/],
    [
      'a text for a named number',
      { limits: { signup: { limit: 'x' } } },
      /guard.limits.signup.limit.*must be a number/,
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      assert.match(await problem({ guard }), message);
    });
  }
});

describe('liveGuard', () => {
  it('tells who follows a section what it says, at once and at each change of it, and only then', () => {
    const guard = liveGuard({ overload: { targetMs: 7 } });
    const told: unknown[] = [];
    guard.follow('overload', (settings) => told.push(settings));

    guard.configure({ overload: { targetMs: 7 }, retry: { share: 0.2 } });
    guard.configure({ overload: { targetMs: 8 } });
    guard.configure({});

    assert.deepEqual(told, [{ targetMs: 7 }, { targetMs: 8 }, {}]);
  });

  it('does not tell who follows a section that says nothing, nor who has stopped', () => {
    const guard = liveGuard();
    const told: unknown[] = [];
    const stop = guard.follow('retry', (settings) => told.push(settings));

    stop();
    guard.configure({ retry: { share: 0.2 } });

    assert.deepEqual(told, []);
  });

  it('does not follow for who refuses the first settings, unless they say whom to tell', () => {
    const guard = liveGuard({ retry: { share: 2 } });
    const refuse = ({ share = 0 }) => {
      if (share > 1) throw new RangeError(`share is ${share}`);
      told.push(share);
    };
    const told: unknown[] = [];

    assert.throws(() => guard.follow('retry', refuse), /share is 2/);
    guard.follow('retry', refuse, (error) => told.push(errors.from(error).message));
    guard.configure({ retry: { share: 0.5 } });

    assert.deepEqual(told, ['share is 2', 0.5]);
  });

  it('tells all of them, also when some refuse, and says once what was refused', () => {
    const guard = liveGuard();
    const told: unknown[] = [];
    const refuse = () => {
      throw new RangeError('share is 2; it must be from 0 to 1');
    };
    guard.follow('retry', refuse);
    guard.follow('retry', refuse);
    guard.follow('retry', (settings) => told.push(settings));

    assert.throws(() => guard.configure({ retry: { share: 2 } }), {
      reason: 'INVALID_GUARD_SETTINGS',
      message: 'guard.retry: share is 2; it must be from 0 to 1',
    });
    assert.deepEqual(told, [{ share: 2 }]);
  });
});
