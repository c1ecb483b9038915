import type { CallHead } from '../../call/index.ts';
import { exponential, type Random } from './random.ts';
import { type Results, results } from './results.ts';
import { callHead, SimulatedCall, type Target } from './simulated-call.ts';
import type { Simulation } from './simulation.ts';

/** From `atMs` on, until the next step, so many calls arrive per second on average. */
export interface RateStep {
  readonly atMs: number;
  readonly perSecond: number;
}

export interface OpenLoadOptions {
  readonly target: Target;
  /** Calls per second, always the same or in steps of rising time. A step of 0 is a pause. */
  readonly rate: number | readonly RateStep[];
  /** How long a caller waits; also told in the head. Default: undefined, forever. */
  readonly timeoutMs?: number;
  /** Makes the head of each call; `timeoutMs` stands in it already if the load has one. Default: one head for all. */
  readonly head?: (random: Random, timeoutMs: number | undefined) => CallHead;
  /** No call is sent from here on. Default: it never ends. */
  readonly untilMs?: number;
  /** Where to keep what becomes of the calls. Default: results of its own. */
  readonly results?: Results;
}

/**
 * Sends calls as a crowd of strangers does: each comes when it comes (a Poisson process), whether those before it have
 * been answered or not. A load that waits for answers would slow down with the service and hide its queue.
 *
 * Latency counts from the sending, and an answer that comes after the deadline is a late one.
 */
export function openLoad(world: Simulation, options: OpenLoadOptions): Results {
  const { target, rate, timeoutMs, untilMs = Number.POSITIVE_INFINITY, results: table = results() } = options;
  const same = callHead({ timeoutMs });
  const { head = () => same } = options;
  const { clock, random } = world;
  const steps = typeof rate === 'number' ? [{ atMs: 0, perSecond: rate }] : rate;
  checkSteps(steps);
  let step = 0;

  const send = () => {
    const now = clock.now();
    const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : now + timeoutMs;
    let row = 0;
    const call = new SimulatedCall(head(random, timeoutMs), now, deadline, (error) =>
      table.end(row, call, clock.now(), error),
    );
    row = table.begin(call);
    arm();
    target.send(call);
  };
  const nextStep = () => {
    step++;
    arm();
  };
  const arm = () => {
    const { perSecond } = steps[step]!;
    const stepEnd = steps[step + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    const due = perSecond === 0 ? Number.POSITIVE_INFINITY : clock.now() + exponential(1000 / perSecond).draw(random);
    // A Poisson process has no memory: drawing again at the next rate is right.
    if (due < stepEnd && due < untilMs) clock.at(due, send);
    else if (stepEnd < untilMs) clock.at(stepEnd, nextStep);
  };
  clock.at(steps[0]!.atMs, arm);
  return table;
}

function checkSteps(steps: readonly RateStep[]): void {
  if (steps.length === 0) throw new RangeError('openLoad: a rate without steps');
  for (const [index, { atMs, perSecond }] of steps.entries()) {
    if (!(perSecond >= 0 && perSecond < Number.POSITIVE_INFINITY))
      throw new RangeError(`openLoad: the rate ${perSecond} is not a number of calls per second from 0`);
    if (index > 0 && !(atMs > steps[index - 1]!.atMs))
      throw new RangeError(`openLoad: the step at ${atMs} ms is not after the one before`);
  }
}
