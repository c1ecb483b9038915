import { useCallback, useEffect, useReducer, useState } from 'react';
import type { LogLine, LogsAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { useIsPageVisible } from '../api/use-page-visible.ts';
import type { LogFilters } from './log-filters.ts';
import { emptyTail, type TailBuffer, tail } from './tail-buffer.ts';
import { openTail, type TailState } from './tail-source.ts';
import { queryOf } from './use-logs.ts';

/** How many rows a tail keeps, and how many more it holds back while paused. */
export const tailCapacity = 500;

export interface Tail {
  readonly buffer: TailBuffer;
  readonly state: TailState;
  /** Whether the lines that were there before the tail began have been fetched. */
  readonly isFilled: boolean;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly addOlder: (lines: readonly LogLine[]) => void;
}

/**
 * Follows the lines that match: first the newest that are there, then what arrives. Closed while the page is hidden; on
 * return, and after a broken connection, it fetches what it may have missed.
 */
export function useTail(filters: LogFilters): Tail {
  const client = useCollector();
  const isVisible = useIsPageVisible();
  const { around, isLive, ...question } = filters;
  const key = JSON.stringify(question);
  const [buffer, dispatch] = useReducer(tail, tailCapacity, emptyTail);
  const [state, setState] = useState<TailState>('connecting');
  const [filledKey, setFilledKey] = useState('');

  // biome-ignore lint/correctness/useExhaustiveDependencies: another question starts afresh, another page visibility does not
  useEffect(() => dispatch({ kind: 'restart' }), [key]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the filters
  useEffect(() => {
    if (!isVisible) return;
    const leaving = new AbortController();
    const fill = async (): Promise<void> => {
      try {
        const { logs } = await client.get<LogsAnswer>(
          'logs',
          { ...queryOf(filters, Date.now()), limit: 200 },
          leaving.signal,
        );
        dispatch({ kind: 'arrive', lines: logs });
        setFilledKey(key);
      } catch {
        // The banner says that the collector is away, and the tail fills again when it connects.
      }
    };
    const { q, service, level } = filters;
    openTail({
      url: client.url('logs/tail', { q, service, level }),
      signal: leaving.signal,
      onLines: (lines) => dispatch({ kind: 'arrive', lines }),
      onLost: (count) => dispatch({ kind: 'lost', count }),
      onState: (next) => {
        setState(next);
        if (next === 'live') void fill();
      },
    });
    void fill();
    return () => leaving.abort();
  }, [client, key, isVisible]);

  return {
    buffer,
    state,
    isFilled: filledKey === key,
    pause: useCallback(() => dispatch({ kind: 'pause' }), []),
    resume: useCallback(() => dispatch({ kind: 'resume' }), []),
    addOlder: useCallback((lines: readonly LogLine[]) => dispatch({ kind: 'older', lines }), []),
  };
}
