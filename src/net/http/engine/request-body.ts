import { StatusError } from '../../../errors/index.ts';
import { HttpErrors } from '../http-errors.ts';

/** How much of a body nobody has asked for yet, or is not taking, is kept before the connection is read no further. */
const maxKeptBytes = 64 * 1024;
/** The same in pieces: many tiny ones cost more than their bytes. */
const maxKeptPieces = 64;
/** Pieces that are smaller than this on average are joined. */
const maxTinyBytes = 512;
const firstBufferBytes = 16 * 1024;

type Mode = 'unread' | 'whole' | 'pieces' | 'dropped';

/** The body of one request while it arrives. Bounded: at most what was asked for, or 64 KiB that nobody takes. */
export class RequestBody {
  /** All of it has come. */
  isComplete = false;
  #mode: Mode = 'unread';
  #pieces: Uint8Array[] = [];
  #size = 0;
  #maxBytes = 0;
  #failure: StatusError | undefined;
  #whole: PromiseWithResolvers<Uint8Array> | undefined;
  #wake: (() => void) | undefined;
  readonly #onTaken: () => void;
  /** Where a whole body is put together, and how much of it is filled. */
  #buffer: Buffer | undefined;
  #filled = 0;

  /** `onTaken` is told when room was made, so that reading may go on. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  get isUnread(): boolean {
    return this.#mode === 'unread' || this.#mode === 'dropped';
  }

  /** So much waits that nothing more should be read from the connection. */
  get isFull(): boolean {
    if (this.#failure !== undefined) return true;
    if (this.#mode === 'whole' || this.#mode === 'dropped') return false;
    return this.#size >= maxKeptBytes || this.#pieces.length >= maxKeptPieces;
  }

  push(piece: Uint8Array): void {
    switch (this.#mode) {
      case 'dropped':
        return;
      case 'whole':
        this.#append(piece);
        return;
      default:
        this.#pieces.push(piece);
        this.#size += piece.length;
        this.#wake?.();
    }
  }

  complete(): void {
    this.isComplete = true;
    this.#wake?.();
    if (this.#mode === 'whole' && this.#failure === undefined) this.#whole?.resolve(this.#filledBuffer());
  }

  /** The rest will not come. */
  fail(error: StatusError): void {
    if (this.isComplete || this.#failure !== undefined) return;
    this.#failure = error;
    this.#whole?.reject(error);
    this.#wake?.();
  }

  /** Nobody wants it. */
  drop(): void {
    this.#mode = 'dropped';
    this.#pieces = [];
    this.#size = 0;
    this.#buffer = undefined;
  }

  /** For one reader. Throws BODY_TOO_LARGE for what has come already. */
  readWhole(maxBytes: number): Uint8Array | Promise<Uint8Array> {
    this.#begin('whole', maxBytes);
    const [first] = this.#pieces;
    if (this.isComplete && this.#pieces.length <= 1) {
      if (this.#size > maxBytes) throw tooLarge(maxBytes);
      this.#pieces = [];
      return first ?? empty;
    }
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#whole = Promise.withResolvers();
    // Whoever asked may have given up.
    this.#whole.promise.catch(() => {});
    for (const piece of pieces) this.#append(piece);
    if (this.#failure !== undefined) this.#whole.reject(this.#failure);
    else if (this.isComplete) this.#whole.resolve(this.#filledBuffer());
    else this.#onTaken();
    return this.#whole.promise;
  }

  async *readPieces(maxBytes: number): AsyncGenerator<Uint8Array> {
    this.#begin('pieces', maxBytes);
    let taken = 0;
    for (;;) {
      const piece = this.#takePieces();
      if (piece !== undefined) {
        taken += piece.length;
        if (taken > maxBytes) throw this.#refuse();
        this.#onTaken();
        yield piece;
        continue;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.isComplete) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#onTaken();
      });
      this.#wake = undefined;
    }
  }

  /** All that waits. Tiny pieces as one: each would cost its reader more than its bytes, and be kept by some. */
  #takePieces(): Uint8Array | undefined {
    const pieces = this.#pieces;
    if (pieces.length === 0) return undefined;
    const isTiny = pieces.length > 1 && this.#size < pieces.length * maxTinyBytes;
    if (!isTiny) {
      const piece = pieces.shift()!;
      this.#size -= piece.length;
      return piece;
    }
    const joined = Buffer.concat(pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    return joined;
  }

  #begin(mode: Mode, maxBytes: number): void {
    if (this.#mode !== 'unread') throw new TypeError('the body of a request can be read once');
    if (this.#failure !== undefined) throw this.#failure;
    this.#mode = mode;
    this.#maxBytes = maxBytes;
  }

  /** Copies: pieces that are kept would keep all of the bytes that they came with, and many tiny ones much more than that. */
  #append(piece: Uint8Array): void {
    if (this.#failure !== undefined) return;
    const needed = this.#filled + piece.length;
    if (needed > this.#maxBytes) {
      this.#buffer = undefined;
      this.#whole?.reject(this.#refuse());
      return;
    }
    let buffer = this.#buffer;
    if (buffer === undefined || buffer.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, firstBufferBytes, 2 * (buffer?.length ?? 0)));
      buffer?.copy(grown, 0, 0, this.#filled);
      buffer = grown;
      this.#buffer = grown;
    }
    buffer.set(piece, this.#filled);
    this.#filled = needed;
  }

  #filledBuffer(): Uint8Array {
    return this.#buffer?.subarray(0, this.#filled) ?? empty;
  }

  #refuse(): StatusError {
    const error = tooLarge(this.#maxBytes);
    this.#failure ??= error;
    return error;
  }
}

const empty = new Uint8Array(0);

export function tooLarge(maxBytes: number): StatusError {
  return HttpErrors.BODY_TOO_LARGE(`the body is larger than ${maxBytes} bytes, the most that this route takes`, {
    metadata: { maxBytes: String(maxBytes) },
  });
}

/** For who still reads the body of a call that has its answer. */
export function callAnswered(): StatusError {
  return new StatusError('canceled', 'the call has its answer, and the rest of its body is not waited for', {
    reason: 'CALL_ANSWERED',
  });
}

export function clientLeft(): StatusError {
  return new StatusError('canceled', 'the client closed the connection', { reason: 'CLIENT_CLOSED' });
}
