import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { type Context, type Permit, Semaphore, until } from 'flotilla/concurrency';
import { StatusError } from 'flotilla/errors';
import type { PasswordHasher } from './domain.ts';

export interface ScryptOptions {
  /** log2 of scrypt's N: 10 (tests only) to 20. Default: 15, which takes 32 MiB and a quarter of a second. */
  readonly cost?: number;
  /** Hashes at the same time; each occupies a thread of libuv's four. Default: 2. */
  readonly parallel?: number;
  /** Hashes that wait. Default: 64; more are refused with TOO_BUSY. */
  readonly maxQueued?: number;
}

const blockSize = 8;
const parallelization = 3;
const keyLength = 32;
const saltLength = 16;

/** scrypt by node:crypto, off the loop. A hash carries its cost and salt, so a later change of cost leaves old ones good. */
export function scryptHasher({ cost = 15, parallel = 2, maxQueued = 64 }: ScryptOptions = {}): PasswordHasher {
  if (!Number.isInteger(cost) || cost < 10 || cost > 20)
    throw new RangeError(`scrypt cost ${cost} is not between 10 and 20`);
  const turns = new Turns(parallel, maxQueued);
  // What a password is held against where there is no account: no password gives this key.
  const nobody = format(cost, randomBytes(saltLength), randomBytes(keyLength));
  return {
    hash: (ctx, password) =>
      turns.take(ctx, async () => {
        const salt = randomBytes(saltLength);
        return format(cost, salt, await derive(password, salt, cost));
      }),
    verify: (ctx, password, hash) =>
      turns.take(ctx, async () => {
        const stored = parse(hash ?? nobody);
        const derived = await derive(password, stored.salt, stored.cost);
        return timingSafeEqual(derived, stored.key) && hash !== undefined;
      }),
  };
}

function derive(password: string, salt: Uint8Array, cost: number): Promise<Buffer> {
  const options = { N: 2 ** cost, r: blockSize, p: parallelization, maxmem: 256 * 2 ** cost * blockSize };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyLength, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function format(cost: number, salt: Uint8Array, key: Uint8Array): string {
  const [saltText, keyText] = [salt, key].map((bytes) => Buffer.from(bytes).toString('base64url'));
  return `scrypt$${cost}$${saltText}$${keyText}`;
}

function parse(hash: string): { readonly cost: number; readonly salt: Buffer; readonly key: Buffer } {
  const [, cost, salt, key] = hash.split('$');
  return { cost: Number(cost), salt: Buffer.from(salt ?? '', 'base64url'), key: Buffer.from(key ?? '', 'base64url') };
}

/** Lets a few run at a time and a bounded number wait: hashing is what a stranger can make us work hardest with. */
class Turns {
  readonly #places: Semaphore;
  readonly #maxQueued: number;
  #queued = 0;

  constructor(limit: number, maxQueued: number) {
    this.#places = new Semaphore(limit, { name: 'password hashes' });
    this.#maxQueued = maxQueued;
  }

  async take<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
    const place = this.#places.tryAcquire() ?? (await this.#wait(ctx));
    // A hash cannot be stopped: whoever leaves early does not free its place.
    const running = work().finally(() => place.release());
    return await until(ctx, running);
  }

  async #wait(ctx: Context): Promise<Permit> {
    if (this.#queued >= this.#maxQueued) {
      throw new StatusError('resource_exhausted', 'too many people sign in at the moment; try again in a few seconds', {
        domain: 'live.account',
        reason: 'TOO_BUSY',
      });
    }
    this.#queued++;
    try {
      return await this.#places.acquire(ctx);
    } finally {
      this.#queued--;
    }
  }
}
