import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { type Context, until } from 'flotilla/concurrency';
import { fairBulkhead } from 'flotilla/guard';
import type { PasswordHasher } from './domain.ts';

export interface ScryptOptions {
  /** log2 of scrypt's N: 10 (tests only) to 20. Default: 15, which takes 32 MiB and a quarter of a second. */
  readonly cost?: number;
  /** Hashes at the same time; each occupies a thread of libuv's four. Default: 2. */
  readonly parallel?: number;
  /** Hashes of one tenant that wait, and half of those of all. Default: 64; more are refused with BULKHEAD_FULL. */
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
  // Hashing is what a stranger can make us work hardest with; one tenant's rush must not keep the others out.
  const hashes = fairBulkhead({
    name: 'password hashes',
    maxInFlight: parallel,
    maxQueue: 2 * maxQueued,
    maxQueuePerTenant: maxQueued,
    maxWaitMs: 10_000,
  });
  const inTurn = async <T>(ctx: Context, work: () => Promise<T>): Promise<T> => {
    const place = await hashes.acquire(ctx);
    // A hash cannot be stopped: whoever leaves early does not free its place.
    return await until(
      ctx,
      work().finally(() => place.release()),
    );
  };
  // What a password is held against where there is no account: no password gives this key.
  const nobody = format(cost, randomBytes(saltLength), randomBytes(keyLength));
  return {
    hash: (ctx, password) =>
      inTurn(ctx, async () => {
        const salt = randomBytes(saltLength);
        return format(cost, salt, await derive(password, salt, cost));
      }),
    verify: (ctx, password, hash) =>
      inTurn(ctx, async () => {
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
