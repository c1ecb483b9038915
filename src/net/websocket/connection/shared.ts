import type { Clock } from '../../../concurrency/index.ts';
import { inflateMessage } from '../deflate/message-deflate.ts';
import { FrameDecoder } from '../frame/frame-decoder.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import { type KeepAlive, keepAlive, type TimedConnection } from './keep-alive.ts';
import type { Settings } from './settings.ts';

/** Decoders that wait for use. Each is in use while bytes are being read, and kept by a connection only within a message. */
const maxSpare = 64;

/** What the connections with the same settings, on the same clock, have in common. */
export class Shared {
  readonly settings: Settings;
  readonly frames: FrameEncoder;
  readonly keepAlive: KeepAlive<TimedConnection>;
  readonly #plain: FrameDecoder[] = [];
  readonly #inflating: FrameDecoder[] = [];

  constructor(settings: Settings, frames: FrameEncoder, clock: Clock) {
    this.settings = settings;
    this.frames = frames;
    this.keepAlive = keepAlive(clock, settings);
  }

  takeDecoder(mayInflate: boolean): FrameDecoder {
    return (
      (mayInflate ? this.#inflating : this.#plain).pop() ??
      new FrameDecoder(this.settings, mayInflate ? inflateMessage : undefined)
    );
  }

  /** Only one that holds nothing. */
  giveDecoder(decoder: FrameDecoder, mayInflate: boolean): void {
    const spare = mayInflate ? this.#inflating : this.#plain;
    if (spare.length < maxSpare) spare.push(decoder);
  }
}

/** Makes one per clock: there is one clock, but in tests. */
export function sharedByClock(settings: Settings, frames: FrameEncoder): (clock: Clock) => Shared {
  const known = new WeakMap<Clock, Shared>();
  return (clock) => {
    let shared = known.get(clock);
    if (shared === undefined) {
      shared = new Shared(settings, frames, clock);
      known.set(clock, shared);
    }
    return shared;
  };
}
