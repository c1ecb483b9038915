import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientGuardOptions } from './client-guard-options.ts';
import { withClientSettings } from './client-settings.ts';
import type { GuardSettings } from './guard-config.ts';

const breaker = () => assert.fail('it is not made here');

const table: readonly (readonly [string, ClientGuardOptions, GuardSettings, Partial<ClientGuardOptions>])[] = [
  [
    'numbers stand above those of the code',
    { retry: { maxAttempts: 2 } },
    { retry: { maxAttempts: 5 } },
    { retry: { maxAttempts: 5 } },
  ],
  [
    'what is not said is as the code has it',
    { retry: { maxAttempts: 2 } },
    { retry: { baseMs: 9 } },
    { retry: { maxAttempts: 2, baseMs: 9 } },
  ],
  [
    'the budget of retries stands in their section',
    {},
    { retry: { share: 0.2 } },
    { retry: {}, budget: { share: 0.2 } },
  ],
  ['retries that are off stay off', { retry: false }, { retry: { maxAttempts: 5 } }, { retry: false }],
  ['hedging that is off stays off', {}, { hedge: { quantile: 0.9 } }, { hedge: false }],
  ['hedging that is on takes numbers', { hedge: true }, { hedge: { quantile: 0.9 } }, { hedge: { quantile: 0.9 } }],
  [
    'a throttle takes its own numbers',
    {},
    { breaker: { throttle: { k: 3 }, ratio: { ratio: 0.1 } } },
    { breaker: { k: 3 } },
  ],
  [
    'another breaker keeps its kind',
    { breaker: { kind: 'ratio', ratio: 0.4 } },
    { breaker: { throttle: { k: 3 }, ratio: { ratio: 0.1 }, halfOpen: { probes: 2 } } },
    { breaker: { kind: 'ratio', ratio: 0.1, probes: 2 } },
  ],
  ['a breaker that is off stays off', { breaker: false }, { breaker: { throttle: { k: 3 } } }, { breaker: false }],
  ['a breaker of the caller’s own is left alone', { breaker }, { breaker: { throttle: { k: 3 } } }, { breaker }],
];

for (const [what, own, settings, expected] of table) {
  test(what, () => {
    const actual = withClientSettings(own, settings);

    for (const [key, value] of Object.entries(expected)) assert.deepEqual(actual[key as keyof typeof actual], value);
  });
}
