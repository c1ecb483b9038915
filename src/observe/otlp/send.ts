import { type Clock, isContextError, rootContext } from '../../concurrency/index.ts';

/** What became of one request. */
export type Sent =
  | { readonly kind: 'ok'; readonly rejected: number }
  /** Worth another try: after `retryAfterMs`, where the receiver said so. */
  | { readonly kind: 'retry'; readonly retryAfterMs: number | undefined; readonly cause: string }
  | { readonly kind: 'failed'; readonly cause: string };

export interface SendOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Statuses that OTLP/HTTP calls retryable (opentelemetry.io/docs/specs/otlp, "Failures"). */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const maxRetryAfterMs = 60_000;
const maxResponseBytes = 64 * 1024;

/** Posts one OTLP message. Never throws. The request carries no trace context: telemetry about telemetry has no end. */
export async function send(body: Uint8Array<ArrayBuffer>, options: SendOptions): Promise<Sent> {
  using limit = rootContext(options.clock).withTimeout(options.timeoutMs);
  try {
    const response = await fetch(options.url, {
      method: 'POST',
      headers: { ...options.headers, 'content-type': 'application/x-protobuf' },
      body,
      redirect: 'error',
      signal: limit.signal,
    });
    const answer = new Uint8Array(await response.arrayBuffer());
    if (response.ok) return { kind: 'ok', rejected: answer.length > maxResponseBytes ? 0 : rejectedItems(answer) };
    const cause = `HTTP status ${response.status}`;
    if (!retryable.has(response.status)) return { kind: 'failed', cause };
    return { kind: 'retry', retryAfterMs: readRetryAfterMs(response.headers.get('retry-after')), cause };
  } catch (error) {
    return { kind: 'retry', retryAfterMs: undefined, cause: causeOf(error) };
  }
}

/** `Retry-After` (RFC 9110, section 10.2.3) as milliseconds from now, at most a minute. */
export function readRetryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const delay = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(delay) ? undefined : Math.min(Math.max(0, delay), maxRetryAfterMs);
}

/**
 * The number in Export*ServiceResponse: partial_success = 1 { rejected_* = 1 (int64) }. An unknown or malformed answer
 * counts as nothing rejected.
 */
function rejectedItems(answer: Uint8Array): number {
  if (answer[0] !== 0x0a) return 0;
  // The length of the message has a second and a third byte where its text is long.
  let start = 1;
  while (start < 4 && answer[start]! >= 0x80) start++;
  if (answer[start + 1] !== 0x08) return 0;
  let value = 0;
  for (let i = start + 2, scale = 1; i < answer.length && i < start + 9; i++, scale *= 128) {
    value += (answer[i]! & 0x7f) * scale;
    if (answer[i]! < 0x80) return value;
  }
  return 0;
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (isContextError(cause)) return 'no answer in time';
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
