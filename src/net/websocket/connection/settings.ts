import type { DecoderOptions } from '../frame/frame-decoder.ts';

export interface DeflateOptions {
  /** Messages from so many bytes on are compressed. Default: 1024. */
  readonly thresholdBytes?: number;
  /** 1 (fast) to 9 (small). Default: 1, which takes a third of the time of zlib's 6 for a little more length. */
  readonly level?: number;
}

/** What happens to a message that is sent while `maxBufferedBytes` wait for the peer. */
export type WhenSlow = 'wait' | 'drop' | 'disconnect';

export interface ConnectionOptions {
  /** The largest message that is taken, in bytes, after inflating. Larger ones close with 1009. 1 to 256 MiB. Default: 1 MiB. */
  readonly maxMessageBytes?: number;
  /** The most frames that a message may come in. More close with 1009. Default: 1024. */
  readonly maxFragments?: number;
  /**
   * What was received and not read: when it is this much, nothing more is read from the socket, and the peer has to wait.
   * A message counts 64 bytes more than it has. Default: 64 KiB.
   */
  readonly maxQueuedBytes?: number;
  /**
   * What was sent and not taken by the peer: a message that would make it more finds no room, unless nothing waits at all. With
   * `wait` there is always room for one while less than 64 KiB wait. Default: 1 MiB.
   */
  readonly maxBufferedBytes?: number;
  /**
   * What a message does that finds no room. `wait`: `send` waits, `trySend` and `broadcast` pass it over. `drop`: it is
   * dropped and counted. `disconnect`: the connection is cut. Default: wait.
   */
  readonly whenSlow?: WhenSlow;
  /** permessage-deflate (RFC 7692), where the other side does it too. False: never. Default: true, for messages from 1 KiB on. */
  readonly deflate?: boolean | DeflateOptions;
  /** A ping is sent when nothing came for this long, at most twice as long. 0: never. Default: 30,000. */
  readonly pingIntervalMs?: number;
  /** How long anything may take to come after that ping before the connection counts as lost. Default: 10,000. */
  readonly pongTimeoutMs?: number;
  /** Closes with 1001 when no message went either way for this long, at most twice as long. 0: never. Default: 0. */
  readonly idleTimeoutMs?: number;
  /** How long the peer may take to answer a Close, with all that is queued before it. Default: 5,000. */
  readonly closeTimeoutMs?: number;
}

/** The options with their defaults, one object for all connections that were made with the same options. */
export interface Settings extends DecoderOptions {
  readonly maxQueuedBytes: number;
  readonly maxBufferedBytes: number;
  readonly whenSlow: WhenSlow;
  /** Undefined: no compression. */
  readonly deflate: Required<DeflateOptions> | undefined;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

const numbers = {
  maxMessageBytes: [1024 * 1024, 1, 256 * 1024 * 1024],
  maxFragments: [1024, 1, Number.MAX_SAFE_INTEGER],
  maxQueuedBytes: [64 * 1024, 1, Number.MAX_SAFE_INTEGER],
  maxBufferedBytes: [1024 * 1024, 1, Number.MAX_SAFE_INTEGER],
  pingIntervalMs: [30_000, 0, Number.MAX_SAFE_INTEGER],
  pongTimeoutMs: [10_000, 1, Number.MAX_SAFE_INTEGER],
  idleTimeoutMs: [0, 0, Number.MAX_SAFE_INTEGER],
  closeTimeoutMs: [5_000, 1, Number.MAX_SAFE_INTEGER],
} as const;

/** Throws a RangeError that names the option and its range. */
export function settingsOf(options: ConnectionOptions, fromClient: boolean): Settings {
  const values = {} as Record<keyof typeof numbers, number>;
  for (const name of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const [standard, least, most] = numbers[name];
    values[name] = inRange(name, options[name] ?? standard, least, most);
  }
  const { whenSlow = 'wait' } = options;
  if (whenSlow !== 'wait' && whenSlow !== 'drop' && whenSlow !== 'disconnect')
    throw new RangeError(`websocket: whenSlow is "${whenSlow}"; it must be wait, drop or disconnect`);
  return { fromClient, ...values, whenSlow, deflate: deflateOf(options.deflate ?? true) };
}

function deflateOf(given: boolean | DeflateOptions): Required<DeflateOptions> | undefined {
  if (given === false) return undefined;
  const { thresholdBytes = 1024, level = 1 } = given === true ? {} : given;
  return {
    thresholdBytes: inRange('deflate.thresholdBytes', thresholdBytes, 1, Number.MAX_SAFE_INTEGER),
    level: inRange('deflate.level', level, 1, 9),
  };
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`websocket: ${name} is ${value}; it must be a whole number from ${least} to ${most}`);
}
