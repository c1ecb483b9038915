import type { Params } from '../routing/place.ts';
import { AnswerCache } from './answer-cache.ts';

/** Why there is no answer: nobody answered (`away`), or the collector said no (`refused`: bad input, not found). */
export class RequestError extends Error {
  readonly kind: 'away' | 'refused';
  /** The HTTP status; 0 where nobody answered. */
  readonly status: number;
  readonly reason: string;

  constructor(kind: 'away' | 'refused', status: number, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestError';
    this.kind = kind;
    this.status = status;
    this.reason = reason;
  }
}

/** Whether the collector answers, as the last requests found it. */
export type Availability = { readonly isAway: false } | { readonly isAway: true; readonly message: string };

export interface CollectorClientOptions {
  /** Where `api/` lies. Default: beside the page. */
  readonly baseUrl?: string;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** A request that takes longer is given up. Default: 15,000. */
  readonly timeoutMs?: number;
}

/**
 * The way to the collector's JSON API, and the one place that knows whether it answers. {@link retry} asks everyone who
 * waits for the next poll to ask now.
 */
export class CollectorClient {
  readonly #baseUrl: string;
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly #timeoutMs: number;
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Set<() => void>();
  /** What was answered last, for whoever asks again. */
  readonly cache = new AnswerCache();
  #availability: Availability = here;

  constructor(options: CollectorClientOptions = {}) {
    const { baseUrl, fetch = (url, init) => globalThis.fetch(url, init), timeoutMs = 15_000 } = options;
    this.#baseUrl = baseUrl ?? document.baseURI;
    this.#fetch = fetch;
    this.#timeoutMs = timeoutMs;
  }

  /** The address of an API path with its parameters, for links and event sources. */
  url(path: string, params: Params = {}): string {
    const url = new URL(`api/${path}`, this.#baseUrl);
    url.hash = '';
    for (const [name, value] of Object.entries(params)) {
      if (value !== undefined && value !== '' && value !== false) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  /** Gets an answer. Throws a {@link RequestError}; or the signal's reason once that is aborted, which says nothing about the collector. */
  async get<T>(path: string, params: Params, signal: AbortSignal): Promise<T> {
    try {
      const answer = await this.#request<T>(path, params, signal);
      this.#report(here);
      return answer;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const failure = error instanceof RequestError ? error : awayError(error);
      this.#report(failure.kind === 'away' ? { isAway: true, message: failure.message } : here);
      throw failure;
    }
  }

  get availability(): Availability {
    return this.#availability;
  }

  /** Calls `listener` when the availability has changed; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` at each {@link retry}; returns how to stop that. */
  onRetry(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  retry(): void {
    for (const listener of [...this.#waiting]) listener();
  }

  async #request<T>(path: string, params: Params, signal: AbortSignal): Promise<T> {
    const response = await this.#fetch(this.url(path, params), {
      headers: { accept: 'application/json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
    });
    if (response.ok) return (await response.json()) as T;
    const body = await readErrorBody(response);
    const kind = response.status >= 500 ? 'away' : 'refused';
    throw new RequestError(
      kind,
      response.status,
      body.reason,
      body.message || `the collector answered ${response.status}`,
    );
  }

  #report(next: Availability): void {
    if (next.isAway === this.#availability.isAway) return;
    this.#availability = next;
    for (const listener of [...this.#listeners]) listener();
    if (!next.isAway) this.retry();
  }
}

const here: Availability = { isAway: false };

function awayError(error: unknown): RequestError {
  const late = error instanceof Error && error.name === 'TimeoutError';
  const message = late ? 'the collector took too long to answer' : 'the collector does not answer';
  return new RequestError('away', 0, late ? 'TIMEOUT' : 'UNREACHABLE', message, { cause: error });
}

async function readErrorBody(response: Response): Promise<{ reason: string; message: string }> {
  try {
    const body = (await response.json()) as { reason?: unknown; message?: unknown };
    return {
      reason: typeof body.reason === 'string' ? body.reason : '',
      message: typeof body.message === 'string' ? body.message : '',
    };
  } catch {
    return { reason: '', message: '' };
  }
}
