import { useCallback, useEffect, useEffectEvent, useState } from 'react';
import { RequestError } from './collector-client.ts';
import { useCollector } from './collector-context.ts';
import { useIsPageVisible } from './use-page-visible.ts';

/** What a view knows of an answer that it asks for again and again. */
export interface Poll<T> {
  /** The last answer; until there is one, that of the last time, or of an older question, so that the page does not jump. */
  readonly data: T | undefined;
  /** Why the last try failed. Cleared by the next answer. */
  readonly error: RequestError | undefined;
  /** True while `data` does not belong to the question that is asked now. */
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/**
 * Asks when `key` changes, and then every `everyMs` (undefined: once) after the answer. Stops and aborts on leave and while
 * the page is hidden; asks at once when it is shown again, and at `retry`. After a failure it waits longer, up to 15 s.
 */
export function usePoll<T>(key: string, load: (signal: AbortSignal) => Promise<T>, everyMs?: number): Poll<T> {
  const client = useCollector();
  const isVisible = useIsPageVisible();
  const [state, setState] = useState<{ key?: string; data?: T; error?: RequestError | undefined }>({});
  const [round, setRound] = useState(0);
  const ask = useEffectEvent(load);
  const isStill = everyMs === undefined && state.key === key && state.error === undefined;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new key or round starts afresh; whether it is still must not
  useEffect(() => {
    if (!isVisible || (isStill && round === 0)) return;
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let isAsking = false;
    const turn = async (): Promise<void> => {
      clearTimeout(timer);
      isAsking = true;
      try {
        const data = await ask(leaving.signal);
        if (leaving.signal.aborted) return;
        failures = 0;
        client.cache.set(key, data);
        setState({ key, data });
      } catch (error) {
        if (leaving.signal.aborted) return;
        failures++;
        const failure =
          error instanceof RequestError ? error : new RequestError('refused', 0, 'UNREADABLE', String(error));
        setState((before) => ({ ...before, key, error: failure }));
      }
      isAsking = false;
      const nextMs = everyMs ?? (failures > 0 ? 5000 : undefined);
      if (nextMs !== undefined) timer = setTimeout(turn, Math.min(nextMs * 2 ** failures, Math.max(nextMs, 15_000)));
    };
    const stop = client.onRetry(() => {
      // A second turn beside one under way would go on for ever, and never be stopped.
      if (failures > 0 && !isAsking) void turn();
    });
    void turn();
    return () => {
      stop();
      clearTimeout(timer);
      leaving.abort(new Error('nobody waits for this answer any more'));
    };
  }, [client, key, everyMs, isVisible, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isCurrent = state.key === key;
  const remembered = isCurrent ? undefined : (client.cache.get(key) as T | undefined);
  return {
    data: remembered ?? state.data,
    error: isCurrent ? state.error : undefined,
    isLoading: !isCurrent && remembered === undefined,
    reload,
  };
}
