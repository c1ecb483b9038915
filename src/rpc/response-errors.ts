import type { DescMethod } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { compressedFlag, readAllBytes } from '@connectrpc/connect/protocol';
import { endStreamFlag, errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import { trailerFlag, trailerParse } from '@connectrpc/connect/protocol-grpc-web';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';
import { isMetadataName } from '../call/index.ts';
import * as errors from '../errors/index.ts';
import { StatusError } from '../errors/index.ts';
import { endOf } from './end-with-context.ts';
import { fromConnectError } from './error-codec.ts';
import { connectEnd, errorResponse, grpcWebTrailer } from './error-response.ts';
import { respellMessage, setGrpcStatus } from './grpc-status.ts';
import type { InboundCall } from './inbound-call.ts';
import { RpcErrors } from './rpc-errors.ts';
import { howToCall, type Wire } from './wire.ts';

/**
 * Puts the one error shape into what the protocol library answers. The library writes the code, the message and our
 * ErrorInfo, but in JSON no more than that; and its own errors (a message that is too large, or none) have no reason.
 */
export async function finishErrors(
  call: InboundCall,
  wire: Wire,
  response: UniversalServerResponse,
  maxMessageBytes: number,
): Promise<UniversalServerResponse> {
  const explain = (error: StatusError) => {
    call.error ??= explained(call, error, maxMessageBytes);
    return call.error;
  };
  if (response.status !== 200) return finishStatus(call, wire, response, explain);
  if (!wire.enveloped || response.body === undefined) return response;
  if (wire.protocol === 'grpc')
    return { ...response, body: finishTrailers(call, response.body, response.trailer, explain) };
  const encoding = response.header?.get(wire.protocol === 'grpc-web' ? 'grpc-encoding' : 'connect-content-encoding');
  const rewrite = wire.protocol === 'grpc-web' ? rewriteGrpcWeb : rewriteConnect;
  const flag = wire.protocol === 'grpc-web' ? trailerFlag : endStreamFlag;
  return { ...response, body: finishLastEnvelope(response.body, flag, encoding, (data) => rewrite(data, explain)) };
}

type Explain = (error: StatusError) => StatusError;

/** Connect's plain answers, and the ones without a body that refuse the verb or the content type. */
async function finishStatus(
  call: InboundCall,
  wire: Wire,
  response: UniversalServerResponse,
  explain: Explain,
): Promise<UniversalServerResponse> {
  const { body, status } = response;
  if (body === undefined) {
    const name = `${call.method.info.service}/${call.method.info.method}`;
    call.error ??= refusalOf(status, name, call.method.desc);
    return { ...errorResponse(undefined, call.error, status === 405 ? { allow: 'POST' } : {}), status };
  }
  const encoding = response.header?.get('content-encoding');
  return errorResponse(
    wire,
    call.error ?? explain(await parsePlain(body, encoding, status)),
    metadataOfError(response.header),
  );
}

/** What the handler set before it failed: headers, and trailers with their prefix. */
function metadataOfError(header: Headers | undefined): Record<string, string> {
  const kept = [...(header ?? [])].filter(([name]) => isMetadataName(name.replace(/^trailer-/, '')));
  return Object.fromEntries(kept);
}

function refusalOf(status: number, name: string, desc: DescMethod): StatusError {
  if (status === 405) return RpcErrors.METHOD_NOT_ALLOWED(`${name} does not take this HTTP verb; use POST`);
  if (status === 505) return RpcErrors.UNSUPPORTED_MEDIA_TYPE(`${name} streams in both directions, which takes HTTP/2`);
  return RpcErrors.UNSUPPORTED_MEDIA_TYPE(`${name} is not called like this: ${howToCall(desc)}`);
}

async function parsePlain(
  body: AsyncIterable<Uint8Array>,
  encoding: string | null | undefined,
  status: number,
): Promise<StatusError> {
  const bytes = await decompress(await readAllBytes(body, maxErrorBytes), encoding);
  try {
    return fromConnectError(errorFromJsonBytes(bytes, undefined, new ConnectError(`HTTP status ${status}`)));
  } catch (fallback) {
    return fromConnectError(fallback);
  }
}

async function* finishTrailers(
  call: InboundCall,
  body: AsyncIterable<Uint8Array>,
  trailer: Headers | undefined,
  explain: Explain,
): AsyncGenerator<Uint8Array> {
  yield* body;
  if (trailer === undefined) return;
  completeTrailer(trailer, explain);
  // The method is there: what is not is the compression ("Message-Encoding": the caller must be told which are).
  if (trailer.get('grpc-status') === '12' && !call.reached) trailer.set('grpc-accept-encoding', acceptedCodings);
}

function rewriteGrpcWeb(data: Uint8Array, explain: Explain): Uint8Array | undefined {
  const trailer = trailerParse(data);
  return completeTrailer(trailer, explain) ? grpcWebTrailer(trailer) : undefined;
}

/** Adds the details that an error of the library has not, and spells its message. Whether it is one. */
function completeTrailer(trailer: Headers, explain: Explain): boolean {
  const status = Number(trailer.get('grpc-status') ?? 0);
  if (status === 0) return false;
  if (trailer.has('grpc-status-details-bin')) {
    respellMessage(trailer);
    return true;
  }
  const message = decodeURIComponent(trailer.get('grpc-message') ?? '');
  setGrpcStatus(trailer, explain(new StatusError(errors.codeOfGrpcStatus(status), message)));
  return true;
}

function rewriteConnect(data: Uint8Array, explain: Explain): Uint8Array | undefined {
  const end = JSON.parse(new TextDecoder().decode(data)) as { error?: unknown; metadata?: unknown };
  if (end.error === undefined) return undefined;
  const bytes = new TextEncoder().encode(JSON.stringify(end.error));
  const thrown = errorFromJsonBytes(bytes, undefined, new ConnectError('the call failed'));
  return connectEnd(
    thrown.details.length === 0 ? explain(fromConnectError(thrown)) : fromConnectError(thrown),
    end.metadata,
  );
}

/** Gives the last envelope to `rewrite` and passes the others on as they are. The library yields whole envelopes. */
async function* finishLastEnvelope(
  body: AsyncIterable<Uint8Array>,
  flag: number,
  encoding: string | null | undefined,
  rewrite: (data: Uint8Array) => Uint8Array | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    const flags = bytes[0] ?? 0;
    if ((flags & flag) === 0) {
      yield bytes;
      continue;
    }
    const data = bytes.subarray(5);
    yield rewrite((flags & compressedFlag) === 0 ? data : await decompress(data, encoding)) ?? bytes;
  }
}

/** The library compresses an answer of more than 1 KiB where the client takes it, errors too. */
function decompress(bytes: Uint8Array, encoding: string | null | undefined): Uint8Array | Promise<Uint8Array> {
  if (encoding === 'gzip') return compressionGzip.decompress(bytes, maxErrorBytes);
  if (encoding === 'br') return compressionBrotli.decompress(bytes, maxErrorBytes);
  return bytes;
}

/** Those that `connectHandler` takes. */
const acceptedCodings = 'gzip,br';
const maxErrorBytes = 1 << 20;

/** What an error of the library means: before the chain was reached only the request can be at fault. */
function explained(
  { ctx, reached }: InboundCall,
  { code, message }: StatusError,
  maxMessageBytes: number,
): StatusError {
  if (ctx.err() !== undefined) return endOf(ctx);
  if (code === 'resource_exhausted') {
    const which = reached ? 'the answer' : 'the request';
    return RpcErrors.MESSAGE_TOO_LARGE(`a message of ${which} is larger than the limit of ${maxMessageBytes} bytes`);
  }
  if (reached || code === 'unimplemented') return new StatusError(code, message);
  return RpcErrors.MALFORMED_MESSAGE(`the request cannot be read: ${message}`);
}
