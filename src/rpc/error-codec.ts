import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import { pushBackHeader, refusedHeader, withPushBack } from '../call/index.ts';
import * as errors from '../errors/index.ts';
import { StatusError } from '../errors/index.ts';
import { markUnsent } from '../guard/index.ts';
import { ErrorInfoSchema } from './gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from './gen/google/rpc/status_pb.ts';
import { RpcErrors } from './rpc-errors.ts';

const typePrefix = 'type.googleapis.com/';

/** The error for the protocol library: the code's number, the message, and an ErrorInfo with the rest. */
export function toConnectError(error: StatusError): ConnectError {
  const connect = new ConnectError(error.message, errors.grpcStatusOf(error.code), undefined, undefined, error);
  connect.details = [{ type: errors.errorInfoType, value: errors.encodeErrorInfo(error) }];
  return connect;
}

/**
 * The StatusError that came over a wire. One that was thrown on this side, and that the library wrapped on its way, is
 * unwrapped.
 */
export function fromConnectError(thrown: unknown): StatusError {
  if (errors.isStatusError(thrown)) return thrown;
  if (!(thrown instanceof ConnectError)) return errors.from(thrown);
  if (errors.isStatusError(thrown.cause)) return thrown.cause;
  const tooLarge = thrown.details.length === 0 ? sizeOf(thrown) : undefined;
  if (tooLarge !== undefined) return tooLarge;
  const info = thrown.details.find((detail) => 'type' in detail && detail.type === errors.errorInfoType);
  const bytes = info !== undefined && 'type' in info ? info.value : undefined;
  const { metadata } = thrown;
  const error = withPushBack(
    withInfo(thrown.code, thrown.rawMessage, bytes),
    pushBackHeader((name) => metadata.get(name)),
  );
  return metadata.has(refusedHeader) ? markUnsent(error, 'server') : error;
}

/** The library's own refusal of a message, which names options that are not ours. */
function sizeOf({ rawMessage }: ConnectError): StatusError | undefined {
  const found = /^message size (\d+) is larger than configured (?:read|write)MaxBytes (\d+)$/.exec(rawMessage);
  if (found === null) return undefined;
  return RpcErrors.MESSAGE_TOO_LARGE(
    `a message of ${found[1]} bytes is larger than the limit of ${found[2]} bytes (maxMessageBytes)`,
  );
}

/** google.rpc.Status in protobuf: the error as gRPC carries it. */
export function encodeStatus(error: StatusError): Uint8Array {
  const detail = { typeUrl: typePrefix + errors.errorInfoType, value: errors.encodeErrorInfo(error) };
  const { message } = error;
  return toBinary(
    StatusSchema,
    create(StatusSchema, { code: errors.grpcStatusOf(error.code), message, details: [detail] }),
  );
}

/** What {@link encodeStatus} wrote. */
export function decodeStatus(bytes: Uint8Array): StatusError {
  const { code, message, details } = fromBinary(StatusSchema, bytes);
  return withInfo(code, message, details.find(({ typeUrl }) => typeUrl === typePrefix + errors.errorInfoType)?.value);
}

function withInfo(grpcStatus: number, message: string, info: Uint8Array | undefined): StatusError {
  const code = errors.codeOfGrpcStatus(grpcStatus);
  if (info === undefined) return new StatusError(code, message);
  try {
    const { reason, domain, metadata } = fromBinary(ErrorInfoSchema, info);
    return new StatusError(code, message, {
      ...(reason !== '' && { reason }),
      ...(domain !== '' && { domain }),
      metadata,
    });
  } catch {
    return new StatusError(code, message);
  }
}
