/**
 * Random trace and span ids as W3C Trace Context writes them. Randomness is drawn and turned into hex for many ids at
 * once: one id is then a slice of a string, some ten nanoseconds instead of a call into OpenSSL.
 */
export interface IdSource {
  /** 32 lower-case hex digits, not all zero. */
  traceId(): string;
  /** 16 lower-case hex digits, not all zero. */
  spanId(): string;
}

const batchBytes = 16_384;
const zero = '0'.charCodeAt(0);

export function randomIds(): IdSource {
  const bytes = Buffer.alloc(batchBytes);
  let digits = '';
  let at = 0;
  const take = (count: number): string => {
    if (at + count > digits.length) {
      crypto.getRandomValues(bytes);
      digits = bytes.toString('hex');
      at = 0;
    }
    at += count;
    const id = digits.slice(at - count, at);
    // Nearly every id has another digit than 0 at its end.
    return id.charCodeAt(count - 1) !== zero || /[1-9a-f]/.test(id) ? id : take(count);
  };
  return { traceId: () => take(32), spanId: () => take(16) };
}
