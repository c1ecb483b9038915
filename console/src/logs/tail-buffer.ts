import type { LogLine } from '../api/answers.ts';

/** What a live tail shows, and what it holds back while the reader has paused it. Both are bounded. */
export interface TailBuffer {
  /** Newest first, at most `capacity`. */
  readonly shown: readonly LogLine[];
  /** Arrived while paused, newest first, at most `capacity`. */
  readonly held: readonly LogLine[];
  readonly isPaused: boolean;
  /** Lines that were never shown and never will be, for want of room here or at the collector (a search finds them). */
  readonly dropped: number;
  readonly capacity: number;
}

export type TailAction =
  | { readonly kind: 'arrive'; readonly lines: readonly LogLine[] }
  | { readonly kind: 'lost'; readonly count: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'older'; readonly lines: readonly LogLine[] }
  | { readonly kind: 'restart' };

export function emptyTail(capacity: number): TailBuffer {
  return { shown: [], held: [], isPaused: false, dropped: 0, capacity };
}

/**
 * The tail's state machine. `arrive` takes lines in any order, also ones that are there already (a reconnect fetches what
 * it may have missed). Shown lines that fall off the end are not counted as dropped: they were seen. `older` appends what
 * the reader asked for below, beyond the capacity: it is they who decide how far back to go.
 */
export function tail(state: TailBuffer, action: TailAction): TailBuffer {
  switch (action.kind) {
    case 'arrive':
      return state.isPaused ? hold(state, action.lines) : show(state, action.lines);
    case 'lost':
      return { ...state, dropped: state.dropped + action.count };
    case 'pause':
      return { ...state, isPaused: true };
    case 'resume':
      return {
        ...show({ ...state, shown: state.shown.slice(0, state.capacity) }, state.held),
        isPaused: false,
        dropped: 0,
        held: [],
      };
    case 'older':
      return { ...state, shown: merge(state.shown, action.lines) };
    case 'restart':
      return emptyTail(state.capacity);
  }
}

/** Lines without doubles, newest first; of the same millisecond the one that arrived later first. */
export function merge(a: readonly LogLine[], b: readonly LogLine[]): LogLine[] {
  const byId = new Map<string, LogLine>();
  for (const line of [...a, ...b]) byId.set(String(line.id), line);
  return [...byId.values()].sort(newestFirst);
}

export function newestFirst(a: LogLine, b: LogLine): number {
  return b.timeMs - a.timeMs || Number(b.id) - Number(a.id) || 0;
}

/** Having loaded older lines, the reader keeps as many as are there. */
function show(state: TailBuffer, lines: readonly LogLine[]): TailBuffer {
  const room = Math.max(state.capacity, state.shown.length);
  return {
    ...state,
    shown: merge(state.shown, lines).slice(0, room),
    dropped: state.dropped + Math.max(0, lines.length - state.capacity),
  };
}

function hold(state: TailBuffer, lines: readonly LogLine[]): TailBuffer {
  const known = new Set(state.shown.map((line) => String(line.id)));
  const held = merge(
    state.held,
    lines.filter((line) => !known.has(String(line.id))),
  );
  return {
    ...state,
    held: held.slice(0, state.capacity),
    dropped: state.dropped + Math.max(0, held.length - state.capacity),
  };
}
