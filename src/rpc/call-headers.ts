import { fieldsOf, type GetHeader, readTimeoutMs, type SetHeader, writeFields } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';

/** What a call may be spoken in. */
export type RpcProtocol = 'connect' | 'grpc' | 'grpc-web';

const connectTimeout = 'connect-timeout-ms';
const grpcTimeout = 'grpc-timeout';

/**
 * The milliseconds that the caller still waits. A value that is not as its protocol wants it is ignored here: the protocol
 * handler refuses the call.
 */
export function readDeadline(get: GetHeader): number | undefined {
  const connect = get(connectTimeout);
  if (connect !== undefined) return /^\d{1,10}$/.test(connect) ? Number(connect) : undefined;
  const grpc = get(grpcTimeout);
  if (grpc === undefined) return readTimeoutMs(get);
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(grpc) ?? [];
  return digits === undefined ? undefined : Number(digits) * millisecondsOf[unit as keyof typeof millisecondsOf];
}

/** Whether a header is one of the protocols' own time limits: our Context keeps the time, so the library need not. */
export function isDeadlineHeader(name: string): boolean {
  return name === connectTimeout || name === grpcTimeout;
}

/** Writes the Context's fields and what is left of its time, at least 1 ms, under the name that the protocol gives it. */
export function writeHead(ctx: Context, protocol: RpcProtocol, set: SetHeader): void {
  writeFields(fieldsOf(ctx), set);
  if (ctx.deadline === undefined) return;
  const left = Math.max(1, Math.floor(ctx.remainingMs()));
  if (protocol === 'connect') set(connectTimeout, String(Math.min(left, 9_999_999_999)));
  else if (left < 1e8) set(grpcTimeout, `${left}m`);
  else set(grpcTimeout, `${Math.min(Math.floor(left / 1000), 99_999_999)}S`);
}

/** gRPC over HTTP/2, "Timeout". */
const millisecondsOf = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 } as const;
