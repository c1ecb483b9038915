import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import type { StatusError } from '../errors/index.ts';
import { toConnectError } from './error-codec.ts';

/** Puts the error into headers or trailers, as gRPC and gRPC-Web say it. Returns them. */
export function setGrpcStatus(target: Headers, error: StatusError): Headers {
  setTrailerStatus(target, toConnectError(error));
  return respellMessage(target);
}

/**
 * Writes `grpc-message` as the specification has it ("Responses", Percent-Encoded). The protocol library escapes as for URLs,
 * every punctuation mark, and clients that read it as a URL's text (grpc-js) leave `: / ? @ & = + $ , # ;` escaped.
 */
export function respellMessage(target: Headers): Headers {
  const message = target.get('grpc-message');
  if (message !== null) target.set('grpc-message', message.replace(escapedAscii, decodeURIComponent));
  return target;
}

/** Printable ASCII but the space, which a header would lose at its ends, and the percent sign. */
const escapedAscii = /%(?:2[1-46-9A-F]|[3-6][0-9A-F]|7[0-9A-E])/g;
