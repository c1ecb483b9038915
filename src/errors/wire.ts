import { type Code, codeOfHttpStatus, isCode } from './code.ts';
import { StatusError } from './status-error.ts';

/** The type name of the detail that carries reason, domain and metadata in every protocol. */
export const errorInfoType = 'google.rpc.ErrorInfo';

/**
 * The one error body over HTTP, REST and Connect alike. `details` is what the Connect protocol wants: the protobuf bytes
 * in unpadded base64 and, for readers, their JSON form.
 */
export interface ErrorBody {
  readonly code: Code;
  readonly reason: string;
  readonly message: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly details: readonly ErrorDetail[];
}

/** One detail as Connect sends it: type name, unpadded base64 of the protobuf bytes, and the same as JSON for a reader. */
export interface ErrorDetail {
  readonly type: string;
  readonly value: string;
  readonly debug?: unknown;
}

/** The body to send. Never contains the cause or the stack: give it what {@link conceal} returned. */
export function toBody(error: StatusError): ErrorBody {
  const { code, reason, message, domain, metadata } = error;
  return {
    code,
    reason,
    message,
    domain,
    metadata,
    details: [
      {
        type: errorInfoType,
        value: unpaddedBase64(encodeErrorInfo(error)),
        debug: { '@type': `type.googleapis.com/${errorInfoType}`, reason, domain, metadata },
      },
    ],
  };
}

/** The error that a body says, or, where it is not a body of ours, the one that its HTTP status says. */
export function fromBody(body: unknown, httpStatus: number): StatusError {
  const fields = typeof body === 'object' && body !== null ? (body as Partial<Record<keyof ErrorBody, unknown>>) : {};
  const code = isCode(fields.code) ? fields.code : codeOfHttpStatus(httpStatus);
  const message = typeof fields.message === 'string' ? fields.message : `HTTP status ${httpStatus}`;
  return new StatusError(code, message, {
    ...(typeof fields.reason === 'string' && { reason: fields.reason }),
    ...(typeof fields.domain === 'string' && { domain: fields.domain }),
    metadata: stringRecord(fields.metadata),
  });
}

/**
 * google.rpc.ErrorInfo in protobuf: 1 reason, 2 domain, 3 metadata (map of string to string). Written out by hand, since
 * this floor has no dependencies and three length-delimited fields need none.
 */
export function encodeErrorInfo(error: StatusError): Uint8Array {
  const bytes: number[] = [];
  field(bytes, 1, utf8.encode(error.reason));
  field(bytes, 2, utf8.encode(error.domain));
  for (const [key, value] of Object.entries(error.metadata)) {
    const entry: number[] = [];
    field(entry, 1, utf8.encode(key));
    field(entry, 2, utf8.encode(value));
    delimited(bytes, 3, entry);
  }
  return Uint8Array.from(bytes);
}

const utf8 = new TextEncoder();

/** Byte by byte: a call takes no more arguments than the stack has room for. */
function unpaddedBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/=+$/, '');
}

/** A string field: an empty one is the default and not written. */
function field(out: number[], number: number, bytes: ArrayLike<number>): void {
  if (bytes.length > 0) delimited(out, number, bytes);
}

function delimited(out: number[], number: number, bytes: ArrayLike<number>): void {
  out.push((number << 3) | 2);
  let length = bytes.length;
  for (; length > 0x7f; length >>>= 7) out.push((length & 0x7f) | 0x80);
  out.push(length);
  for (let i = 0; i < bytes.length; i++) out.push(bytes[i]!);
}

function stringRecord(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
