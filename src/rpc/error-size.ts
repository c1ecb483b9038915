import { StatusError } from '../errors/index.ts';

/**
 * gRPC carries an error in trailers, the message twice, and every peer bounds those (ours: 16 KiB). What does not fit would
 * turn the error into a broken call, so that nobody would learn its code either.
 */
const maxMessageBytes = 3_000;
const maxMetadataBytes = 3_000;

/**
 * The error, with its message cut and metadata entries left out (the last first) where they would not fit into headers. A
 * half of a surrogate pair, which no header can say, becomes the replacement character.
 */
export function fitForHeaders(error: StatusError): StatusError {
  const { code, reason, domain, message, metadata } = error;
  const whole = message.toWellFormed();
  const short = encodeURIComponent(whole).length <= maxMessageBytes ? whole : `${cut(whole)}…`;
  const entries = Object.entries(metadata);
  let left = maxMetadataBytes;
  const kept = entries.filter(([key, value]) => {
    left -= Buffer.byteLength(key) + Buffer.byteLength(value);
    return left >= 0;
  });
  if (short === message && kept.length === entries.length) return error;
  return new StatusError(code, short, { reason, domain, metadata: Object.fromEntries(kept), cause: error });
}

/** The longest start that fits once it is percent-encoded, as `grpc-message` is; no character is split. */
function cut(message: string): string {
  const characters = Array.from(message.slice(0, maxMessageBytes).toWellFormed());
  let low = 0;
  let high = characters.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (encodeURIComponent(characters.slice(0, middle).join('')).length <= maxMessageBytes) low = middle;
    else high = middle - 1;
  }
  return characters.slice(0, low).join('');
}
