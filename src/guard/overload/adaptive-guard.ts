import type { Admit, CallHead, Permit, Rejection } from '../../call/index.ts';
import type { Clock } from '../../concurrency/index.ts';
import { checkRange } from '../check-option.ts';
import type { LoopWindow, OverloadSignals } from '../signals/signals.ts';
import { AdmissionLevel, cohorts } from './admission-level.ts';
import { cohortOf, rankOf } from './cohort.ts';
import type { ConcurrencyLimitOptions } from './concurrency-limit.ts';
import { LoopLoad } from './loop-load.ts';
import { MethodState, OverloadPermit } from './method-state.ts';
import {
  type OverloadGuard,
  type OverloadGuardOptions,
  type OverloadRefusal,
  type OverloadSettings,
  type OverloadSnapshot,
  overloadRefusals,
} from './overload-guard.ts';
import { Rejections } from './rejections.ts';
import { ShedTenants } from './shed-tenants.ts';

/** See {@link OverloadSettings}. */
const defaults = {
  standingMs: 100,
  targetMs: 2,
  heapHighShare: 0.9,
  heapFullShare: 0.95,
  initialConcurrency: 200,
  minConcurrency: 4,
  maxConcurrency: 10_000,
};

type Settings = typeof defaults;

const ranges: Readonly<Record<keyof Settings, readonly [min: number, max: number]>> = {
  standingMs: [1, 60_000],
  targetMs: [0.1, 10_000],
  heapHighShare: [0.1, 1],
  heapFullShare: [0.1, 1],
  initialConcurrency: [1, 1e6],
  minConcurrency: [1, 1e6],
  maxConcurrency: [1, 1e6],
};

/** Methods that are known by name. */
const maxMethods = 1000;
const minuteMs = 60_000;

/** Throws a RangeError for a setting out of its range. */
export function overloadGuard(options: OverloadGuardOptions): OverloadGuard {
  return new AdaptiveGuard(options);
}

class AdaptiveGuard implements OverloadGuard {
  readonly admit: Admit = (head) => this.#admit(head);
  #settings: Settings;
  readonly #clock: Clock;
  readonly #signals: OverloadSignals;
  readonly #random: () => number;
  readonly #epoch: () => number;
  readonly #isExempt: ((head: CallHead) => boolean) | undefined;
  readonly #level: AdmissionLevel;
  readonly #load = new LoopLoad();
  readonly #rejections = new Rejections();
  readonly #shed = new ShedTenants();
  readonly #methods = new Map<string, Map<string, MethodState>>();
  readonly #known: MethodState[] = [];
  #other: MethodState | undefined;
  #window: LoopWindow;
  #salt = 0;
  #takenInTurn = 0;

  constructor(options: OverloadGuardOptions) {
    const { clock, signals, random = Math.random, isExempt } = options;
    this.#settings = settingsOf(defaults, options);
    this.#clock = clock;
    this.#signals = signals;
    this.#random = random;
    this.#isExempt = isExempt;
    this.#epoch = options.epoch ?? (() => Math.floor(clock.now() / minuteMs));
    this.#level = new AdmissionLevel(random);
    this.#window = signals.loop.window();
    this.#salt = saltOf(this.#epoch());
  }

  configure(change: OverloadSettings): void {
    this.#settings = settingsOf(this.#settings, change);
    for (const method of this.#known) method.concurrency.configure(this.#concurrency);
  }

  snapshot(): OverloadSnapshot {
    const { minTurnMs, idleShare } = this.#window;
    return {
      isOverloaded: this.#level.isCutting,
      level: this.#level.share,
      delayMs: minTurnMs,
      utilization: 1 - idleShare,
      heapShare: this.#signals.resources.read().heapShare,
      methods: this.#known.map((method) => method.snapshot()),
      shedTenants: this.#shed.top(),
    };
  }

  #admit(head: CallHead): Permit | Rejection {
    const turnMs = this.#signals.loop.turnMs();
    if (turnMs === 0) this.#takenInTurn = 0;
    const now = this.#clock.now();
    const method = this.#methodOf(head, now);
    const rank = rankOf(head.fields.priority);
    if (method.isHealth || this.#isExempt?.(head) === true) return exempt;
    const window = this.#signals.loop.window();
    if (window !== this.#window) this.#endWindow(window);
    const refusal = this.#refusal(head, method, rank, turnMs, now);
    if (refusal !== undefined) {
      method.count(rank, decisionOf[refusal]);
      this.#shed.add(head.fields.tenant);
      return this.#rejections.of(refusal);
    }
    method.count(rank, 0);
    this.#takenInTurn++;
    this.#load.took();
    this.#level.took();
    return new OverloadPermit(method, this.#clock, method.concurrency.enter(now));
  }

  #refusal(
    head: CallHead,
    method: MethodState,
    rank: number,
    turnMs: number,
    now: number,
  ): OverloadRefusal | undefined {
    const { timeoutMs, fields } = head;
    const level = this.#level;
    const isOverloaded = level.isCutting;
    // It has been waiting since this turn began, or longer.
    if (timeoutMs !== undefined && timeoutMs <= method.quickMs + turnMs) {
      if (timeoutMs > method.quickMs) this.#load.expired();
      return 'deadline';
    }
    const { heapShare } = this.#signals.resources.read();
    if (
      heapShare >= this.#settings.heapHighShare &&
      (rank > 1 || (rank === 1 && heapShare >= this.#settings.heapFullShare))
    )
      return 'heap';
    let at = 0;
    if (isOverloaded || method.needsLevel) {
      at = rank * cohorts + cohortOf(fields, this.#salt, this.#random);
      if (isOverloaded && !level.admits(at)) return 'level';
    }
    const pressure = isOverloaded ? (level.isClosed ? 'much' : 'some') : 'none';
    const isLong = turnMs > 0 && (isOverloaded || this.#load.explains(turnMs, this.#takenInTurn));
    if (isLong && turnMs >= this.#load.budgetMs(rank === 0, pressure, this.#settings)) {
      this.#load.refused();
      return 'turn';
    }
    return method.hasRoom(rank, at, now) ? undefined : 'concurrency';
  }

  #endWindow(window: LoopWindow): void {
    this.#window = window;
    const isOverloaded = this.#level.isCutting;
    const lengthMs = this.#load.add(window, isOverloaded);
    if (lengthMs > 0) {
      const demand = this.#load.judge(isOverloaded, this.#settings);
      this.#level.endWindow(demand, lengthMs, this.#load.idleShare);
    }
    this.#salt = saltOf(this.#epoch());
  }

  #methodOf(head: CallHead, now: number): MethodState {
    const { service, method } = head;
    return this.#methods.get(service)?.get(method) ?? this.#learnMethod(head, now);
  }

  #learnMethod(head: CallHead, now: number): MethodState {
    if (this.#known.length >= maxMethods) {
      this.#other ??= this.#newMethod('other', { ...head, service: '', method: '' }, now);
      return this.#other;
    }
    const { service, method } = head;
    const state = this.#newMethod(`${service}/${method}`, head, now);
    let ofService = this.#methods.get(service);
    if (ofService === undefined) {
      ofService = new Map();
      this.#methods.set(service, ofService);
    }
    ofService.set(method, state);
    return state;
  }

  #newMethod(name: string, head: CallHead, now: number): MethodState {
    const state = new MethodState(name, head, now, { ...this.#concurrency, random: this.#random });
    this.#known.push(state);
    return state;
  }

  get #concurrency(): ConcurrencyLimitOptions {
    const { initialConcurrency: initial, minConcurrency: min, maxConcurrency: max } = this.#settings;
    return { initial, min, max, loop: this.#load };
  }
}

const exempt: Permit = Object.freeze({ admitted: true, done: () => {} });

const decisionOf = Object.fromEntries(overloadRefusals.map((refusal, index) => [refusal, index + 1])) as Readonly<
  Record<OverloadRefusal, number>
>;

function settingsOf(before: Settings, change: OverloadSettings): Settings {
  const settings = { ...before };
  for (const name of Object.keys(ranges) as (keyof Settings)[]) {
    const value = change[name] ?? before[name];
    checkRange('overloadGuard', name, value, ...ranges[name]);
    settings[name] = value;
  }
  return settings;
}

/** Minutes that follow each other must deal very different cohorts. */
function saltOf(epoch: number): number {
  return Math.imul(epoch + 1, 0x9e3779b1) >>> 0;
}
