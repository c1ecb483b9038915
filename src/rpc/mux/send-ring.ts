import type { MuxStream } from './mux-stream.ts';

/** The streams of a connection that have a message to send, in the order of their turns. Links in the streams: no memory of its own. */
export class SendRing {
  #first: MuxStream | undefined;
  #last: MuxStream | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** At the end. Does nothing for one that is in it. */
  add(stream: MuxStream): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    stream.previousQueued = this.#last;
    if (this.#last === undefined) this.#first = stream;
    else this.#last.nextQueued = stream;
    this.#last = stream;
  }

  /** The first one, which leaves. There must be one. */
  take(): MuxStream {
    const stream = this.#first!;
    this.remove(stream);
    return stream;
  }

  /** Does nothing for one that is not in it. */
  remove(stream: MuxStream): void {
    if (!stream.isQueued) return;
    const { nextQueued, previousQueued } = stream;
    if (previousQueued === undefined) this.#first = nextQueued;
    else previousQueued.nextQueued = nextQueued;
    if (nextQueued === undefined) this.#last = previousQueued;
    else nextQueued.previousQueued = previousQueued;
    stream.isQueued = false;
    stream.nextQueued = undefined;
    stream.previousQueued = undefined;
  }
}
