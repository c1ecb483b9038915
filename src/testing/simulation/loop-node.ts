import type { Admit, CallHead, Permit } from '../../call/index.ts';
import { StatusError } from '../../errors/index.ts';
import type { Distribution } from './random.ts';
import { SimulatedCall, type Target } from './simulated-call.ts';
import { SimulatedLoop, type Work } from './simulated-loop.ts';
import type { Simulation } from './simulation.ts';

export interface LoopNodeOptions {
  /** How long a call keeps the loop: one for all, or by its head. */
  readonly cpu: Distribution | ((head: CallHead) => Distribution);
  /** Asked after `cpu`, while the loop is free for others. Default: nothing is asked. */
  readonly dependency?: Target;
  /** How long a call keeps the loop once the dependency has answered, in a later turn. Default: not at all. */
  readonly cpuAfter?: Distribution;
  /** What a refused call costs the loop, in ms. Default: 2 % of the mean of `cpu`, or 0.02 ms if that differs by head. */
  readonly rejectionMs?: number;
  /** Makes what decides on each call, as a server asks it. Default: all are admitted. */
  readonly admit?: (loop: SimulatedLoop) => Admit;
  /** For the results. Default: `node`. */
  readonly name?: string;
  /** What its clock shows more than the world's. Default: 0. */
  readonly clockSkewMs?: number;
}

/** One process that serves calls on one event loop. */
export interface LoopNode extends Target {
  readonly name: string;
  readonly loop: SimulatedLoop;
  /** Calls so far: those sent to it, those it admitted, and those it refused. What is not yet read is in none but the first. */
  readonly received: number;
  readonly admitted: number;
  readonly refused: number;
  /** Admitted and not yet answered. */
  readonly inFlight: number;
  /** From now on each call takes this many times as long on the loop. */
  setSlowness(factor: number): void;
  /** From now on this share of the admitted calls, from 0 to 1, ends with `error`, after the call's full time. */
  setFailing(share: number, error: StatusError): void;
  /** From now on each call fails at once with `error`, as if nobody listened; undefined: it listens again. */
  setDown(error: StatusError | undefined): void;
}

/**
 * A process of Node: in each turn of its loop it reads all calls that have arrived, asks `admit` about each, and runs
 * those that are admitted one after the other; a refusal takes `rejectionMs`. With a `dependency` the call then waits for
 * it beside the loop. A call whose deadline has passed is answered with `deadline_exceeded`, and what it asked for is
 * worked on nevertheless.
 */
export function loopNode(world: Simulation, options: LoopNodeOptions): LoopNode {
  return new Node(world, options);
}

class Node implements LoopNode {
  readonly name: string;
  readonly loop: SimulatedLoop;
  received = 0;
  admitted = 0;
  refused = 0;
  inFlight = 0;
  readonly world: Simulation;
  readonly admit: Admit | undefined;
  readonly dependency: Target | undefined;
  readonly rejectionMs: number;
  readonly #cpu: (head: CallHead) => Distribution;
  readonly #cpuAfter: Distribution | undefined;
  #slowness = 1;
  #failing = 0;
  #error: StatusError | undefined;
  #down: StatusError | undefined;

  constructor(world: Simulation, options: LoopNodeOptions) {
    const { cpu, dependency, admit, name = 'node', clockSkewMs = 0 } = options;
    const { rejectionMs = typeof cpu === 'function' ? 0.02 : cpu.meanMs * 0.02 } = options;
    this.world = world;
    this.name = name;
    this.loop = new SimulatedLoop(world, clockSkewMs);
    this.dependency = dependency;
    this.rejectionMs = rejectionMs;
    this.#cpuAfter = options.cpuAfter;
    this.#cpu = typeof cpu === 'function' ? cpu : () => cpu;
    this.admit = admit?.(this.loop);
  }

  send(call: SimulatedCall): void {
    this.received++;
    if (this.#down === undefined) this.loop.push(new InboundCall(this, call));
    else call.reply(this.#down);
  }

  setSlowness(factor: number): void {
    if (!(factor > 0 && factor < Number.POSITIVE_INFINITY))
      throw new RangeError(`loopNode: the slowness ${factor} is not above 0`);
    this.#slowness = factor;
  }

  setFailing(share: number, error: StatusError): void {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`loopNode: the share ${share} is not from 0 to 1`);
    this.#failing = share;
    this.#error = error;
  }

  setDown(error: StatusError | undefined): void {
    this.#down = error;
  }

  cpuMs(head: CallHead): number {
    return this.#cpu(head).draw(this.world.random) * this.#slowness;
  }

  cpuAfterMs(): number {
    return this.#cpuAfter === undefined ? 0 : this.#cpuAfter.draw(this.world.random) * this.#slowness;
  }

  failure(): StatusError | undefined {
    return this.#failing > 0 && this.world.random() < this.#failing ? this.#error : undefined;
  }
}

/** One call at one node: first read and run, then, if the node asks a dependency, finished in a later turn. */
class InboundCall implements Work {
  readonly #node: Node;
  readonly #call: SimulatedCall;
  #permit: Permit | undefined;
  #refusal: StatusError | undefined;
  #startedAt = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #isWaiting = false;
  #outcome: StatusError | undefined;

  constructor(node: Node, call: SimulatedCall) {
    this.#node = node;
    this.#call = call;
  }

  begin(): number {
    if (this.#isWaiting) return this.#node.cpuAfterMs();
    const node = this.#node;
    const { head } = this.#call;
    const decision = node.admit?.(head);
    if (decision !== undefined && !decision.admitted) {
      node.refused++;
      this.#refusal = decision.error;
      return node.rejectionMs;
    }
    node.admitted++;
    node.inFlight++;
    this.#permit = decision;
    this.#startedAt = node.loop.clock.now();
    // As a server knows it: the time left that the head tells, from when it was read.
    if (head.timeoutMs !== undefined) this.#deadline = this.#startedAt + head.timeoutMs;
    return node.cpuMs(head);
  }

  end(): void {
    if (this.#refusal !== undefined) this.#answer(this.#refusal);
    else if (this.#isWaiting) this.#finish(this.#outcome);
    else if (this.#node.dependency === undefined) this.#finish(this.#node.failure());
    else this.#ask(this.#node.dependency);
  }

  #ask(dependency: Target): void {
    const { world, loop } = this.#node;
    const { head, deadline } = this.#call;
    const timeoutMs = this.#deadline === Number.POSITIVE_INFINITY ? undefined : this.#deadline - loop.clock.now();
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      this.#finish(expired());
      return;
    }
    this.#isWaiting = true;
    const timer = timeoutMs === undefined ? undefined : loop.clock.at(this.#deadline, () => this.#finish(expired()));
    const asked = new SimulatedCall({ ...head, timeoutMs }, world.clock.now(), deadline, (error) => {
      if (timer !== undefined && !timer.stop()) return;
      this.#outcome = error ?? this.#node.failure();
      loop.push(this);
    });
    dependency.send(asked);
  }

  #finish(error: StatusError | undefined): void {
    const late = error === undefined && this.#node.loop.clock.now() > this.#deadline;
    const outcome = late ? expired() : error;
    this.#node.inFlight--;
    this.#permit?.done({ error: outcome, durationMs: this.#node.loop.clock.now() - this.#startedAt });
    this.#answer(outcome);
  }

  #answer(error: StatusError | undefined): void {
    this.#call.node = this.#node.name;
    this.#call.reply(error);
  }
}

function expired(): StatusError {
  return new StatusError('deadline_exceeded', 'the call took longer than its caller waits');
}
