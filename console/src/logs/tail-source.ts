import type { LogLine } from '../api/answers.ts';

export type TailState = 'connecting' | 'live' | 'broken';

export interface TailSourceOptions {
  readonly url: string;
  /** Closes the tail. */
  readonly signal: AbortSignal;
  /** Called at most every 200 ms, however fast lines arrive: a page that draws each line falls behind. */
  readonly onLines: (lines: readonly LogLine[]) => void;
  /** The collector could not send this many lines in time. */
  readonly onLost: (count: number) => void;
  readonly onState: (state: TailState) => void;
}

/** Follows the collector's event stream. Connects again by itself, also where an EventSource would give up (an error status). */
export function openTail(options: TailSourceOptions): void {
  const { url, signal, onLines, onLost, onState } = options;
  let pending: LogLine[] = [];
  let flushing: ReturnType<typeof setTimeout> | undefined;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let source: EventSource | undefined;

  const flush = () => {
    const lines = pending;
    pending = [];
    flushing = undefined;
    onLines(lines);
  };
  const take = (event: MessageEvent<string>) => {
    const line = parse<LogLine>(event.data);
    if (line === undefined || line.id === undefined) return;
    pending.push(line);
    flushing ??= setTimeout(flush, 200);
  };
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => onState('live');
    source.onmessage = take;
    source.addEventListener('dropped', (event: MessageEvent<string>) =>
      onLost(parse<{ count?: number }>(event.data)?.count ?? 1),
    );
    source.onerror = () => {
      onState('broken');
      if (source?.readyState !== EventSource.CLOSED) return;
      reopening = setTimeout(open, 3000);
    };
  };
  onState('connecting');
  open();
  signal.addEventListener('abort', () => {
    source?.close();
    clearTimeout(flushing);
    clearTimeout(reopening);
  });
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
