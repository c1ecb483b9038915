import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Context } from '../../concurrency/index.ts';
import { isStatusError } from '../../errors/index.ts';
import {
  bytes,
  HttpErrors,
  type HttpReply,
  type HttpRequestHead,
  json,
  type Router,
  rawBytes,
  setReplyHeader,
} from '../../net/http/index.ts';
import { CollectorErrors } from '../collector-errors.ts';
import type { Store } from '../store/store.ts';
import type { Encoding, Ingested, Signal } from '../store/writer.ts';

export interface OtlpLimits {
  /** Bytes of a request as it arrives. */
  readonly maxBodyBytes: number;
  /** Bytes of a request after decompression. */
  readonly maxMessageBytes: number;
}

const paths: readonly (readonly [Signal, string])[] = [
  ['traces', '/v1/traces'],
  ['logs', '/v1/logs'],
  ['metrics', '/v1/metrics'],
];

/** OTLP/HTTP (opentelemetry.io/docs/specs/otlp): protobuf and JSON, gzip and plain. Errors have the one error shape. */
export function otlpRoutes(router: Router, store: Store, limits: OtlpLimits): void {
  for (const [signal, path] of paths) {
    router.post(path, { body: rawBytes(), maxBodyBytes: limits.maxBodyBytes }, async (ctx, request) => {
      const encoding = encodingOf(request);
      const message = await decompress(request, request.body, limits.maxMessageBytes);
      return partialSuccess(signal, encoding, await ingest(ctx, store, signal, encoding, message));
    });
  }
}

/** How long a full collector asks its senders to wait. */
const retryAfterSeconds = 1;

async function ingest(
  ctx: Context,
  store: Store,
  signal: Signal,
  encoding: Encoding,
  message: Uint8Array,
): Promise<Ingested> {
  try {
    return await store.ingest(ctx, signal, encoding, message);
  } catch (error) {
    if (isStatusError(error) && error.reason === CollectorErrors.INGEST_QUEUE_FULL.reason) {
      setReplyHeader(ctx, 'retry-after', String(retryAfterSeconds));
    }
    throw error;
  }
}

function encodingOf(request: HttpRequestHead): Encoding {
  const [type = ''] = (request.header('content-type') ?? '').split(';', 1);
  const name = type.trim().toLowerCase();
  if (name === 'application/x-protobuf') return 'protobuf';
  if (name === 'application/json') return 'json';
  throw HttpErrors.UNSUPPORTED_MEDIA_TYPE(
    `the content type is ${JSON.stringify(name)}; send application/x-protobuf or application/json`,
  );
}

const inflate = promisify(gunzip);

/** Off the event loop, and never to more than `maxBytes`: a small body can hold a very large one. */
async function decompress(request: HttpRequestHead, body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const encoding = (request.header('content-encoding') ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip') {
    throw HttpErrors.UNSUPPORTED_MEDIA_TYPE(`the content encoding is ${JSON.stringify(encoding)}; send gzip or none`);
  }
  try {
    return await inflate(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (cause instanceof RangeError || (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw HttpErrors.BODY_TOO_LARGE(`the body has more than ${maxBytes} bytes decompressed; send smaller batches`);
    }
    throw CollectorErrors.MALFORMED_OTLP('the body is not gzip', { cause });
  }
}

const rejectedNames: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

/** Export*ServiceResponse { 1 partial_success { 1 rejected_* (int64), 2 error_message } }, empty where all was taken. */
function partialSuccess(signal: Signal, encoding: Encoding, { rejected, rejection }: Ingested): HttpReply {
  if (encoding === 'json') {
    const partial = { [rejectedNames[signal]]: String(rejected), errorMessage: rejection };
    return json(rejected === 0 ? {} : { partialSuccess: partial });
  }
  const message = rejected === 0 ? new Uint8Array() : encodePartialSuccess(rejected, rejection);
  return bytes(message, { headers: { 'content-type': 'application/x-protobuf' } });
}

function encodePartialSuccess(rejected: number, rejection: string): Uint8Array {
  const text = Buffer.from(rejection);
  const partial = [0x08, ...varint(rejected), 0x12, ...varint(text.length), ...text];
  return Uint8Array.from([0x0a, ...varint(partial.length), ...partial]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
