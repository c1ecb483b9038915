import { type Context, sleep } from '../../../concurrency/index.ts';
import * as errors from '../../../errors/index.ts';
import type { HttpClient } from './client.ts';
import type { HttpClientRequest } from './client-options.ts';
import { EventParser, type ParsedEvent } from './event-parser.ts';
import type { HttpStreamingResponse } from './response.ts';

/** A server-sent event as it came. */
export interface HttpClientEvent extends ParsedEvent {
  /** The data as JSON. Throws `data_loss` (MALFORMED_RESPONSE) if it is none. */
  json(): unknown;
}

export interface HttpClientEventsRequest extends Omit<HttpClientRequest, 'method' | 'body'> {
  /** Where to go on, as an event's `id` said. Default: from now on. */
  readonly lastEventId?: string;
  /** Failed attempts in a row before it gives up; 0: the first failure is the last. Default: 10. */
  readonly maxReconnects?: number;
  /** The wait before the first new attempt, until the server says another; it doubles with each failure, up to 30 s. Default: 1,000. */
  readonly retryMs?: number;
  /** A connection that brings nothing for so long, not even a comment, is taken for dead; 0: never. Default: 60,000. */
  readonly idleTimeoutMs?: number;
  /** The longest event, in characters. Default: 1 MiB. */
  readonly maxEventChars?: number;
  /** A number from 0 to below 1, for the jitter of the waits. Default: Math.random. */
  readonly random?: () => number;
}

const maxRetryMs = 30_000;
/** A server that says less would have its clients come back without a pause. */
const minRetryMs = 100;

/** See {@link HttpClient.events}. */
export async function* readEvents(
  ctx: Context,
  open: HttpClient['stream'],
  request: HttpClientEventsRequest,
): AsyncGenerator<HttpClientEvent, void, undefined> {
  const { lastEventId = '', maxReconnects = 10, retryMs = 1_000, random = Math.random } = request;
  const { idleTimeoutMs = 60_000, maxEventChars = 1024 * 1024 } = request;
  let lastId = lastEventId;
  let waitMs = retryMs;
  for (let failures = 0; ; ) {
    const parser = new EventParser(lastId, maxEventChars);
    let failure: unknown;
    try {
      await using answer = await open(ctx, { ...request, headers: headersOf(request, lastId), idleTimeoutMs });
      if (answer.status === 204) return;
      checkType(answer, request.url);
      for await (const chunk of answer.body) {
        for (const event of parse(parser, chunk, request.url)) {
          failures = 0;
          yield event;
        }
      }
    } catch (error) {
      ctx.throwIfDone();
      if (!isPassing(error)) throw error;
      failure = error;
    }
    lastId = parser.lastId;
    if (parser.retryMs !== undefined) waitMs = Math.max(minRetryMs, parser.retryMs);
    failures++;
    if (failures > maxReconnects) throw failure ?? gaveUp(request.url, failures);
    await sleep(ctx, jittered(Math.min(maxRetryMs, waitMs * 2 ** Math.min(failures - 1, 20)), random));
  }
}

/** Between half of it and all. */
function jittered(ms: number, random: () => number): number {
  return ms / 2 + (ms / 2) * random();
}

function headersOf({ headers }: HttpClientEventsRequest, lastId: string): Record<string, string> {
  // Compressed events would come late, in the blocks of the compression.
  const all: Record<string, string> = { accept: 'text/event-stream', 'accept-encoding': 'identity', ...headers };
  // Ids are UTF-8 on the wire, where a header's characters are bytes.
  if (lastId !== '') all['last-event-id'] = Buffer.from(lastId, 'utf8').toString('latin1');
  return all;
}

function checkType(answer: HttpStreamingResponse, url: string): void {
  const type = answer.header('content-type') ?? '';
  if (answer.status === 200 && /^text\/event-stream\s*(;|$)/i.test(type)) return;
  throw refused(`${url} answered ${answer.status} with "${type}", which is no event stream`);
}

function* parse(parser: EventParser, chunk: Uint8Array, url: string): Generator<HttpClientEvent> {
  let events: ParsedEvent[];
  try {
    events = parser.push(chunk);
  } catch (cause) {
    throw new errors.StatusError('resource_exhausted', `${url} sent ${String((cause as Error).message)}`, {
      reason: 'RESPONSE_TOO_LARGE',
      cause,
    });
  }
  for (const event of events) yield { ...event, json: () => json(event, url) };
}

function json({ data }: ParsedEvent, url: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw refused(`${url} sent an event whose data is not JSON`, cause);
  }
}

function refused(message: string, cause?: unknown): errors.StatusError {
  return new errors.StatusError('data_loss', message, { reason: 'MALFORMED_RESPONSE', cause });
}

function gaveUp(url: string, attempts: number): errors.StatusError {
  return new errors.StatusError('unavailable', `${url} ended its event stream ${attempts} times without an event`, {
    reason: 'CONNECTION_FAILED',
  });
}

/** What another attempt may mend. */
function isPassing(error: unknown): boolean {
  if (!errors.isStatusError(error)) return false;
  return error.code === 'unavailable' || error.code === 'deadline_exceeded' || error.code === 'internal';
}
