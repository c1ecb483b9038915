/**
 * The life of one slot (`room-1`): which of its processes serves, which one is on its way, and what to do next. Pure:
 * events in, effects out. A process is known by its generation, which only grows; an event of a generation that is no
 * longer wanted changes nothing.
 *
 *                       ready                       change
 *     stopped ─start─▶ starting ──────▶ ready ◀──────────────▶ rolling (the old one serves, the next one starts)
 *                       ▲   │ exit        │ exit                  ready: the old one drains; exit of the next: it stays
 *               timer,  │   ▼             ▼
 *               change  └─ waiting ◀──────┘          stop, from anywhere ─▶ stopped
 */
export type SlotState =
  | { readonly at: 'stopped'; readonly generation: number }
  | { readonly at: 'starting'; readonly generation: number; readonly failures: number }
  | {
      readonly at: 'ready';
      readonly generation: number;
      readonly failures: number;
      readonly sinceMs: number;
      readonly serving: number;
    }
  | {
      readonly at: 'rolling';
      readonly generation: number;
      readonly failures: number;
      readonly sinceMs: number;
      readonly serving: number;
    }
  | { readonly at: 'waiting'; readonly generation: number; readonly failures: number };

export type SlotEvent =
  | { readonly type: 'start' }
  | { readonly type: 'ready'; readonly generation: number; readonly nowMs: number }
  /** `isOrderly`: it left by itself, after a drain, and wants to be started anew. */
  | { readonly type: 'exit'; readonly generation: number; readonly nowMs: number; readonly isOrderly?: boolean }
  /** A source file of the service has changed. */
  | { readonly type: 'change' }
  /** The wait before the next try is over. */
  | { readonly type: 'timer' }
  | { readonly type: 'stop' };

export type SlotEffect =
  | { readonly do: 'spawn'; readonly generation: number }
  /** Asks it to finish its work and leave; in a renewal another serves already. */
  | { readonly do: 'drain'; readonly generation: number; readonly isRenewal: boolean }
  /** Ends it at once: it has never served. */
  | { readonly do: 'kill'; readonly generation: number }
  /** Gives it the public connections from now on. */
  | { readonly do: 'serve'; readonly generation: number }
  /** Calls `timer` after the wait for so many failures in a row. */
  | { readonly do: 'wait'; readonly failures: number }
  | { readonly do: 'stopWaiting' }
  /** Says that this process failed; `serving` tells whether an older one still works. */
  | { readonly do: 'report'; readonly generation: number; readonly serving: boolean };

export interface Step {
  readonly state: SlotState;
  readonly effects: readonly SlotEffect[];
}

/** A process that was ready for so long has recovered: its next failure counts as the first. */
export const healthyMs = 10_000;

export const firstState: SlotState = { at: 'stopped', generation: 0 };

export function step(state: SlotState, event: SlotEvent): Step {
  switch (event.type) {
    case 'start':
      return state.at === 'stopped' ? spawn(state.generation + 1, 0, []) : { state, effects: [] };
    case 'ready':
      return event.generation === state.generation ? becomeReady(state, event.nowMs) : { state, effects: [] };
    case 'exit':
      return exited(state, event);
    case 'change':
      return changed(state);
    case 'timer':
      return state.at === 'waiting' ? spawn(state.generation + 1, state.failures, []) : { state, effects: [] };
    case 'stop':
      return stopped(state);
  }
}

function spawn(generation: number, failures: number, before: readonly SlotEffect[]): Step {
  return { state: { at: 'starting', generation, failures }, effects: [...before, { do: 'spawn', generation }] };
}

function becomeReady(state: SlotState, sinceMs: number): Step {
  if (state.at !== 'starting' && state.at !== 'rolling') return { state, effects: [] };
  const { generation, failures } = state;
  const effects: SlotEffect[] = [{ do: 'serve', generation }];
  if (state.at === 'rolling') effects.push({ do: 'drain', generation: state.serving, isRenewal: true });
  return { state: { at: 'ready', generation, failures, sinceMs, serving: generation }, effects };
}

function exited(state: SlotState, { generation, nowMs, isOrderly }: SlotEvent & { readonly type: 'exit' }): Step {
  if (state.at === 'starting' && generation === state.generation) return fail(state.failures + 1, generation);
  if (state.at === 'ready' && generation === state.serving) {
    // One that wants it again within seconds is a loop like any other.
    if (isOrderly === true && nowMs - state.sinceMs >= healthyMs)
      return spawn(state.generation + 1, 0, [{ do: 'report', generation, serving: false }]);
    return fail(failuresAfter(state, nowMs), generation);
  }
  if (state.at === 'rolling' && generation === state.generation) {
    return { state: { ...state, at: 'ready' }, effects: [{ do: 'report', generation, serving: true }] };
  }
  if (state.at === 'rolling' && generation === state.serving) {
    const failures = failuresAfter(state, nowMs);
    return {
      state: { at: 'starting', generation: state.generation, failures },
      effects: [{ do: 'report', generation, serving: false }],
    };
  }
  return { state, effects: [] };

  function fail(failures: number, failed: number): Step {
    return {
      state: { at: 'waiting', generation: state.generation, failures },
      effects: [
        { do: 'report', generation: failed, serving: false },
        { do: 'wait', failures },
      ],
    };
  }
}

function failuresAfter(state: { readonly failures: number; readonly sinceMs: number }, nowMs: number): number {
  return nowMs - state.sinceMs >= healthyMs ? 1 : state.failures + 1;
}

function changed(state: SlotState): Step {
  const generation = state.generation + 1;
  switch (state.at) {
    case 'stopped':
      return { state, effects: [] };
    case 'starting':
      return spawn(generation, 0, [{ do: 'kill', generation: state.generation }]);
    case 'waiting':
      return spawn(generation, 0, [{ do: 'stopWaiting' }]);
    case 'ready':
      return { state: { ...state, at: 'rolling', generation }, effects: [{ do: 'spawn', generation }] };
    case 'rolling':
      return {
        state: { ...state, generation },
        effects: [
          { do: 'kill', generation: state.generation },
          { do: 'spawn', generation },
        ],
      };
  }
}

function stopped(state: SlotState): Step {
  const { generation } = state;
  const end: SlotState = { at: 'stopped', generation };
  switch (state.at) {
    case 'stopped':
      return { state, effects: [] };
    case 'starting':
      return { state: end, effects: [{ do: 'drain', generation, isRenewal: false }] };
    case 'waiting':
      return { state: end, effects: [{ do: 'stopWaiting' }] };
    case 'ready':
      return { state: end, effects: [{ do: 'drain', generation: state.serving, isRenewal: false }] };
    case 'rolling':
      return {
        state: end,
        effects: [
          { do: 'kill', generation },
          { do: 'drain', generation: state.serving, isRenewal: false },
        ],
      };
  }
}
