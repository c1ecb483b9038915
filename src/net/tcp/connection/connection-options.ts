/** What a connection bears, of a server and of a client. */
export interface ConnectionOptions {
  /**
   * How long nothing may come and nothing be written before the connection is closed, in milliseconds; 0: for ever. It counts
   * only while somebody waits for the peer. Default: 120,000 for a server, 0 for a client.
   */
  readonly idleTimeoutMs?: number;
  /** How long the peer may take for a message that it has begun, in milliseconds; 0: for ever. Default: 30,000. */
  readonly readTimeoutMs?: number;
  /**
   * How long the peer may take none of what waits for it, in milliseconds; once more for each MiB that waits; 0: for ever.
   * Default: 30,000.
   */
  readonly writeTimeoutMs?: number;
  /** How long `close` waits for the peer to close too, in milliseconds; 0: not at all. Default: 1,000. */
  readonly lingerMs?: number;
  /** How long a connection is silent before the kernel asks whether the peer is there (SO_KEEPALIVE); 0: never. Default: 60,000. */
  readonly keepAliveMs?: number;
  /** Whether small writes leave at once (TCP_NODELAY). Default: true; a tick's writes are one anyway. */
  readonly noDelay?: boolean;
}

const defaults = {
  idleTimeoutMs: 120_000,
  readTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  lingerMs: 1_000,
  keepAliveMs: 60_000,
};

export type ConnectionLimitsMs = Readonly<typeof defaults> & { readonly noDelay: boolean };

/** The times with their defaults. Throws a RangeError that names the option and its range. */
export function connectionOptionsOf(
  where: string,
  options: ConnectionOptions,
  idleTimeoutMs: number,
): ConnectionLimitsMs {
  const times = { ...defaults, idleTimeoutMs };
  for (const name of Object.keys(defaults) as (keyof typeof defaults)[]) {
    const value = options[name] ?? times[name];
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`${where}: ${name} is ${value}; it must be a number of milliseconds from 0`);
    times[name] = value;
  }
  return { ...times, noDelay: options.noDelay ?? true };
}
