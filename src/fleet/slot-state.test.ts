import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstState, healthyMs, type SlotEffect, type SlotEvent, type SlotState, step } from './slot-state.ts';

const stopped: SlotState = { at: 'stopped', generation: 4 };
const starting: SlotState = { at: 'starting', generation: 4, failures: 2 };
const ready: SlotState = { at: 'ready', generation: 4, serving: 4, failures: 2, sinceMs: 1000 };
const keptOld: SlotState = { at: 'ready', generation: 5, serving: 4, failures: 2, sinceMs: 1000 };
const rolling: SlotState = { at: 'rolling', generation: 5, serving: 4, failures: 2, sinceMs: 1000 };
const waiting: SlotState = { at: 'waiting', generation: 4, failures: 2 };

const start: SlotEvent = { type: 'start' };
const change: SlotEvent = { type: 'change' };
const timer: SlotEvent = { type: 'timer' };
const stop: SlotEvent = { type: 'stop' };
const isReady = (generation: number): SlotEvent => ({ type: 'ready', generation, nowMs: 3000 });
const exit = (generation: number, nowMs = 3000): SlotEvent => ({ type: 'exit', generation, nowMs });

const leftInOrder = (generation: number, nowMs: number): SlotEvent => ({
  type: 'exit',
  generation,
  nowMs,
  isOrderly: true,
});

/** Every state with every event; `same` where nothing may happen. */
const same = 'same';
const table: readonly (readonly [SlotState, SlotEvent, SlotState | typeof same, readonly string[]])[] = [
  [stopped, start, { at: 'starting', generation: 5, failures: 0 }, ['spawn 5']],
  [stopped, isReady(4), same, []],
  [stopped, exit(4), same, []],
  [stopped, change, same, []],
  [stopped, timer, same, []],
  [stopped, stop, same, []],

  [starting, start, same, []],
  [starting, isReady(4), { at: 'ready', generation: 4, serving: 4, failures: 2, sinceMs: 3000 }, ['serve 4']],
  [starting, isReady(3), same, []],
  [starting, exit(4), { at: 'waiting', generation: 4, failures: 3 }, ['report 4', 'wait 3']],
  [starting, exit(3), same, []],
  [starting, change, { at: 'starting', generation: 5, failures: 0 }, ['kill 4', 'spawn 5']],
  [starting, timer, same, []],
  [starting, stop, { at: 'stopped', generation: 4 }, ['drain 4']],

  [ready, start, same, []],
  [ready, isReady(4), same, []],
  [ready, exit(4), { at: 'waiting', generation: 4, failures: 3 }, ['report 4', 'wait 3']],
  [ready, exit(4, 1000 + healthyMs), { at: 'waiting', generation: 4, failures: 1 }, ['report 4', 'wait 1']],
  [ready, leftInOrder(4, 1000 + healthyMs), { at: 'starting', generation: 5, failures: 0 }, ['report 4', 'spawn 5']],
  [ready, leftInOrder(4, 3000), { at: 'waiting', generation: 4, failures: 3 }, ['report 4', 'wait 3']],
  [ready, exit(3), same, []],
  [ready, change, rolling, ['spawn 5']],
  [ready, timer, same, []],
  [ready, stop, { at: 'stopped', generation: 4 }, ['drain 4']],

  [keptOld, isReady(5), same, []],
  [keptOld, exit(4), { at: 'waiting', generation: 5, failures: 3 }, ['report 4', 'wait 3']],
  [keptOld, change, { ...rolling, generation: 6 }, ['spawn 6']],
  [keptOld, stop, { at: 'stopped', generation: 5 }, ['drain 4']],

  [rolling, start, same, []],
  [
    rolling,
    isReady(5),
    { at: 'ready', generation: 5, serving: 5, failures: 2, sinceMs: 3000 },
    ['serve 5', 'drain 4 (renewal)'],
  ],
  [rolling, isReady(4), same, []],
  [rolling, exit(5), keptOld, ['report 5 (older one serves)']],
  [rolling, exit(4), { at: 'starting', generation: 5, failures: 3 }, ['report 4']],
  [rolling, change, { ...rolling, generation: 6 }, ['kill 5', 'spawn 6']],
  [rolling, timer, same, []],
  [rolling, stop, { at: 'stopped', generation: 5 }, ['kill 5', 'drain 4']],

  [waiting, start, same, []],
  [waiting, isReady(4), same, []],
  [waiting, exit(4), same, []],
  [waiting, change, { at: 'starting', generation: 5, failures: 0 }, ['stopWaiting', 'spawn 5']],
  [waiting, timer, { at: 'starting', generation: 5, failures: 2 }, ['spawn 5']],
  [waiting, stop, { at: 'stopped', generation: 4 }, ['stopWaiting']],
];

for (const [state, event, next, effects] of table) {
  const which = 'generation' in event ? ` of ${event.generation}` : '';
  test(`${state.at} on ${event.type}${which} does ${effects.join(', ') || 'nothing'}`, () => {
    const result = step(state, event);

    assert.deepEqual(result.state, next === same ? state : next);
    assert.deepEqual(result.effects.map(name), effects);
  });
}

test('whatever happens, at most one process serves, and no process is left out of drain or kill', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(3)), { maxLength: 60 }), (choices) => {
      const running = new Set<number>();
      const leaving = new Set<number>();
      let state = firstState;
      const send = (event: SlotEvent) => {
        const result = step(state, event);
        state = result.state;
        for (const effect of result.effects) {
          if (effect.do === 'spawn') running.add(effect.generation);
          if (effect.do === 'drain' || effect.do === 'kill') leaving.add(effect.generation);
        }
      };

      for (const [kind, back] of choices) {
        const generation = [...running].sort((a, b) => b - a)[back] ?? 0;
        if (kind === 0) send(start);
        if (kind === 1) send({ type: 'ready', generation, nowMs: 0 });
        if (kind === 2) {
          running.delete(generation);
          send({ type: 'exit', generation, nowMs: 0 });
        }
        if (kind === 3) send(change);
        if (kind === 4) send(timer);
        if (kind === 5) send(stop);
        assert.ok([...running].filter((one) => !leaving.has(one)).length <= 2);
      }
      send(stop);

      assert.deepEqual(
        [...running].filter((one) => !leaving.has(one)),
        [],
      );
    }),
  );
});

function name(effect: SlotEffect): string {
  if (effect.do === 'wait') return `wait ${effect.failures}`;
  if (effect.do === 'report') return `report ${effect.generation}${effect.serving ? ' (older one serves)' : ''}`;
  if (effect.do === 'drain') return `drain ${effect.generation}${effect.isRenewal ? ' (renewal)' : ''}`;
  return effect.do === 'stopWaiting' ? effect.do : `${effect.do} ${effect.generation}`;
}
