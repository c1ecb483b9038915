import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { endStreamFlag } from '@connectrpc/connect/protocol-connect';
import { trailerFlag, trailerSerialize } from '@connectrpc/connect/protocol-grpc-web';
import type { StatusError } from '../errors/index.ts';
import * as errors from '../errors/index.ts';
import { setGrpcStatus } from './grpc-status.ts';
import type { Wire } from './wire.ts';

const encoder = new TextEncoder();

/** The whole answer to a call that ends before its handler runs: the error, as the wire of the request wants it. */
export function errorResponse(
  wire: Wire | undefined,
  error: StatusError,
  extra: Record<string, string> = {},
): UniversalServerResponse {
  if (wire === undefined || !wire.enveloped) {
    const body = encoder.encode(JSON.stringify(errors.toBody(error)));
    const header = new Headers({
      ...retryAfterOf(error),
      ...extra,
      'content-type': 'application/json',
      'content-length': String(body.length),
    });
    return { status: errors.httpStatusOf(error.code), header, body: one(body) };
  }
  const header = new Headers({ ...extra, 'content-type': wire.contentType });
  switch (wire.protocol) {
    case 'grpc':
      return { status: 200, header: setGrpcStatus(header, error) };
    case 'grpc-web':
      return { status: 200, header, body: one(grpcWebTrailer(setGrpcStatus(new Headers(), error))) };
    case 'connect':
      return { status: 200, header, body: one(connectEnd(error)) };
  }
}

/** What the error says about coming back, as HTTP says it: in whole seconds. */
function retryAfterOf({ metadata: { retryAfterMs } }: StatusError): Record<string, string> {
  if (retryAfterMs === undefined || !/^\d{1,10}$/.test(retryAfterMs)) return {};
  return { 'retry-after': String(Math.max(1, Math.ceil(Number(retryAfterMs) / 1000))) };
}

/** The last envelope of a Connect stream that failed; its `error` has the one error shape. */
export function connectEnd(error: StatusError, metadata?: unknown): Uint8Array {
  const end = { error: errors.toBody(error), ...(metadata !== undefined && { metadata }) };
  return envelope(endStreamFlag, encoder.encode(JSON.stringify(end)));
}

/** The last envelope of a gRPC-Web answer. */
export function grpcWebTrailer(trailer: Headers): Uint8Array {
  return envelope(trailerFlag, trailerSerialize(trailer));
}

function envelope(flags: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + data.byteLength);
  bytes[0] = flags;
  new DataView(bytes.buffer).setUint32(1, data.byteLength);
  bytes.set(data, 5);
  return bytes;
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
