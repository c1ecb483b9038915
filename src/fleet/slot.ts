import { exitCodes } from '../app/index.ts';
import type { Clock, Timer } from '../concurrency/index.ts';
import type { Endpoint } from '../service/index.ts';
import { backoffMs } from './backoff.ts';
import { Child, type ChildExit } from './child.ts';
import type { Door } from './door.ts';
import type { Unit } from './plan.ts';
import { firstState, type SlotEffect, type SlotEvent, step } from './slot-state.ts';

export interface SlotOptions {
  readonly unit: Unit;
  /** `room-1` */
  readonly name: string;
  /** The public ports of the unit's services. */
  readonly doors: readonly Door[];
  readonly clock: Clock;
  /** 0 to 1, for the jitter of restarts. */
  readonly random: () => number;
  /** The environment of a process with this instance id. */
  readonly env: (instance: string) => NodeJS.ProcessEnv;
  readonly events: SlotEvents;
}

export interface SlotEvents {
  line(slot: string, source: 'stdout' | 'stderr', text: string): void;
  ready(slot: Slot, ready: SlotReady): void;
  /** A process ended that should not have. */
  failed(slot: Slot, failure: SlotFailure): void;
}

export interface SlotReady {
  readonly pid: number;
  readonly tookMs: number;
  readonly endpoints: readonly Endpoint[];
  /** It took over from a process that served until then. */
  readonly rolled: boolean;
}

export interface SlotFailure {
  readonly exit: ChildExit;
  /** An older process still serves. */
  readonly serving: boolean;
  /** When it is tried again; undefined if that waits for a change. */
  readonly retryMs: number | undefined;
}

/** What became of a process that was to take over. */
export type Renewal = { readonly ready: SlotReady } | { readonly exit: ChildExit };

interface Running {
  readonly child: Child;
  readonly startedAt: number;
  readonly readyTimer: Timer;
  readonly exited: Promise<void>;
  /** Whether it came to serve. */
  readonly renewal: PromiseWithResolvers<Renewal>;
  /** Error output before it is ready: shown when it is, or told by the diagnosis when it fails. */
  readonly held: string[];
  readonly listens: Set<Door>;
  serves: boolean;
  /** It drains, and its successor serves. */
  isRelieved: boolean;
}

/** An old process may take so long to drain after its successor serves. */
const drainLimitMs = 15_000;
const maxHeld = 200;

const notStarted: ChildExit = {
  code: null,
  signal: null,
  wasReady: false,
  failure: 'the fleet is ending',
  fix: undefined,
  errorLines: [],
};

/** One replica: keeps one process of it running, as {@link step} decides. */
export class Slot {
  readonly unit: Unit;
  readonly name: string;
  readonly #options: SlotOptions;
  readonly #running = new Map<number, Running>();
  #state = firstState;
  #timer: Timer | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.unit = options.unit;
    this.name = options.name;
  }

  /** Whether one of its processes serves. */
  get isReady(): boolean {
    return this.#state.at === 'ready' || this.#state.at === 'rolling';
  }

  /** The processes that have not ended, draining ones too. */
  get pids(): readonly number[] {
    return [...this.#running.values()].flatMap(({ child }) => child.pid ?? []);
  }

  start(): void {
    this.#send({ type: 'start' });
  }

  /** Its source has changed: a new process takes over when it is ready. */
  change(): void {
    this.#send({ type: 'change' });
  }

  /**
   * The same as `change`; resolves when the new process serves, or has ended without. Where an older one served, it drains
   * then, or serves on.
   */
  async renew(): Promise<Renewal> {
    this.change();
    for (;;) {
      const { generation } = this.#state;
      const started = this.#running.get(generation);
      if (started === undefined || this.#state.at === 'stopped') return { exit: notStarted };
      const renewal = await started.renewal.promise;
      // One that a change of its source has replaced meanwhile: its successor is the new process.
      if (!('exit' in renewal) || this.#state.generation === generation) return renewal;
    }
  }

  /** Resolves when no process is left that another one has relieved. */
  async relieved(): Promise<void> {
    const old = [...this.#running.values()].filter(({ isRelieved }) => isRelieved);
    await Promise.all(old.map(({ exited }) => exited));
  }

  /** Drains all its processes; resolves when none is left. */
  async stop(): Promise<void> {
    for (const { child, isRelieved } of this.#running.values()) if (isRelieved) child.drain(false);
    this.#send({ type: 'stop' });
    await Promise.all([...this.#running.values()].map(({ exited }) => exited));
  }

  /** Ends all its processes at once, and starts none again. */
  kill(): void {
    this.#send({ type: 'stop' });
    for (const { child } of this.#running.values()) child.kill();
  }

  #send(event: SlotEvent, exit?: ChildExit): void {
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    const wait = effects.find((effect) => effect.do === 'wait');
    const retryMs = wait === undefined ? undefined : backoffMs(wait.failures, this.#options.random());
    for (const effect of effects) this.#run(effect, exit, retryMs);
  }

  #run(effect: SlotEffect, exit: ChildExit | undefined, retryMs: number | undefined): void {
    switch (effect.do) {
      case 'spawn':
        this.#spawn(effect.generation);
        break;
      case 'serve':
        this.#serve(effect.generation);
        break;
      case 'drain':
        this.#drain(effect.generation, effect.isRenewal);
        break;
      case 'kill':
        this.#running.get(effect.generation)?.child.kill();
        break;
      case 'wait':
        this.#timer = this.#options.clock.after(retryMs ?? 0, () => this.#send({ type: 'timer' }));
        break;
      case 'stopWaiting':
        this.#timer?.stop();
        break;
      case 'report':
        if (exit !== undefined) this.#options.events.failed(this, { exit, serving: effect.serving, retryMs });
    }
  }

  #spawn(generation: number): void {
    const { clock, unit, events } = this.#options;
    const held: string[] = [];
    const ended = Promise.withResolvers<void>();
    // Each process has an id of its own in the registry: the old one and its successor are there side by side.
    const instance = generation === 1 ? this.name : `${this.name}.${generation}`;
    const child = new Child(
      { entry: unit.entry, env: this.#options.env(instance), doors: this.#options.doors },
      {
        listening: (service) => this.#listening(generation, service),
        ready: (endpoints) => this.#ready(generation, endpoints),
        draining: () => this.#stopServing(generation),
        line: (source, text) => {
          if (source === 'stderr' && !child.wasReady && held.length < maxHeld) held.push(text);
          else events.line(this.name, source, text);
        },
        exit: (exit) => {
          ended.resolve();
          this.#exited(generation, exit);
        },
      },
    );
    const limit = unit.readyTimeoutMs;
    const readyTimer = clock.after(limit, () => child.kill(`it did not become ready within ${limit} ms`));
    const startedAt = clock.now();
    this.#running.set(generation, {
      child,
      startedAt,
      readyTimer,
      exited: ended.promise,
      renewal: Promise.withResolvers(),
      held,
      listens: new Set(),
      serves: false,
      isRelieved: false,
    });
  }

  #listening(generation: number, service: string | undefined): void {
    const running = this.#running.get(generation);
    if (running === undefined) return;
    for (const door of this.#options.doors) {
      if (service !== undefined && service !== door.service) continue;
      running.listens.add(door);
      if (running.serves) door.attach(running.child);
    }
  }

  #ready(generation: number, endpoints: readonly Endpoint[]): void {
    const running = this.#running.get(generation);
    if (running === undefined) return;
    running.readyTimer.stop();
    const { clock, events } = this.#options;
    for (const text of running.held.splice(0)) events.line(this.name, 'stderr', text);
    const rolled = this.#state.at === 'rolling';
    this.#send({ type: 'ready', generation, nowMs: clock.now() });
    if (!running.serves) return;
    const ready = { pid: running.child.pid ?? 0, tookMs: clock.now() - running.startedAt, endpoints, rolled };
    running.renewal.resolve({ ready });
    events.ready(this, ready);
  }

  #serve(generation: number): void {
    const running = this.#running.get(generation);
    if (running === undefined) return;
    running.serves = true;
    for (const door of running.listens) door.attach(running.child);
  }

  #stopServing(generation: number): void {
    const running = this.#running.get(generation);
    if (running === undefined) return;
    running.serves = false;
    for (const door of this.#options.doors) door.detach(running.child);
  }

  #drain(generation: number, isRenewal: boolean): void {
    const running = this.#running.get(generation);
    if (running === undefined) return;
    this.#stopServing(generation);
    running.readyTimer.stop();
    running.isRelieved = isRenewal;
    running.child.drain(isRenewal);
    const limit = this.#options.clock.after(drainLimitMs, () => running.child.kill());
    void running.exited.then(() => limit.stop());
  }

  #exited(generation: number, exit: ChildExit): void {
    const running = this.#running.get(generation);
    this.#running.delete(generation);
    running?.readyTimer.stop();
    running?.renewal.resolve({ exit });
    if (running !== undefined) for (const door of this.#options.doors) door.lost(running.child);
    const isOrderly = exit.wasReady && exit.code === exitCodes.memoryHigh;
    this.#send({ type: 'exit', generation, nowMs: this.#options.clock.now(), isOrderly }, exit);
  }
}
