import type { Tracker } from '../parking/tracking.ts';
import { Waiting } from '../parking/waiting.ts';
import type { Timer } from '../time/clock.ts';
import { DoneListener, Registration, type Watched } from './done-listener.ts';

/** What a node that is watched does: arm and disarm what its end depends on, and notice that end. */
export interface WatchedNode {
  /** Registers `upstream` with the node above, if there is one that can end. */
  listenUpstream(upstream: DoneListener): void;
  /** A timer for the node's own deadline, if it has one of its own. */
  armTimer(): Timer | undefined;
  /** The node above has ended. */
  upstreamDone(): void;
}

/** A watch that was armed so often is one that waits come and go on: it stays armed until the end of the turn. */
const armsThatStay = 8;

/**
 * What a node holds only while someone waits on it: its listeners, its entry in the node above and its timer. The first
 * listener arms them, the last one that leaves disarms them, so nothing is left where nobody waits.
 *
 * Where waits follow one another (a task that receives in a loop under a deadline) arming and disarming would cost more
 * than the waits. So one that was armed several times stays armed when its last listener leaves, until the event loop
 * comes round with nobody there.
 */
export class Watch extends DoneListener implements Watched {
  readonly #node: WatchedNode;
  #head: Registration | undefined;
  #tail: Registration | undefined;
  #timer: Timer | undefined;
  /** Whether it would be told of the node's end. */
  isArmed = false;
  #arms = 0;
  #isResting = false;

  constructor(node: WatchedNode) {
    super();
    this.#node = node;
  }

  enter(listener: DoneListener): void {
    const registration = new Registration(this, listener);
    const tail = this.#tail;
    registration.previous = tail;
    this.#tail = registration;
    if (tail !== undefined) {
      tail.next = registration;
      return;
    }
    this.#head = registration;
    if (!this.isArmed) this.#arm();
  }

  leave(registration: Registration): void {
    const { previous, next } = registration;
    if (previous === undefined) this.#head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    // Else one that lives in old space, where it waits for a full collection, would keep all that came after it.
    registration.previous = undefined;
    registration.next = undefined;
    if (this.#head !== undefined || !this.isArmed) return;
    if (this.#arms < armsThatStay) this.disarm();
    else if (!this.#isResting) this.#rest();
  }

  #arm(): void {
    this.isArmed = true;
    this.#arms++;
    this.#node.listenUpstream(this);
    this.#timer = this.#node.armTimer();
  }

  #rest(): void {
    this.#isResting = true;
    if (resting.push(this) === 1) setImmediate(disarmResting);
  }

  /** The turn is over. */
  rested(): void {
    this.#isResting = false;
    if (this.#head === undefined) this.disarm();
  }

  disarm(): void {
    this.isArmed = false;
    this.unlisten();
    this.#timer?.stop();
    this.#timer = undefined;
  }

  /** Tells all, in the order in which they came. One that leaves on the way is not told any more. */
  announce(): void {
    this.disarm();
    for (let first = this.#head; first !== undefined; first = this.#head) {
      this.leave(first);
      try {
        first.announce();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Tells of the waits that its disposal ends, also of those under contexts below. */
  tellDisposed(tracker: Tracker): void {
    for (let entry = this.#head; entry !== undefined; entry = entry.next) {
      const { listener } = entry;
      if (listener instanceof Watch) listener.tellDisposed(tracker);
      else if (listener instanceof Waiting) tracker.disposedWhileWaited?.(listener);
    }
  }

  override contextDone(): void {
    this.#node.upstreamDone();
  }
}

let resting: Watch[] = [];

function disarmResting(): void {
  const watches = resting;
  resting = [];
  for (const watch of watches) watch.rested();
}

/** `onDone`'s function as a listener. */
export class FunctionListener extends DoneListener {
  readonly #fn: () => void;

  constructor(fn: () => void) {
    super();
    this.#fn = fn;
  }

  override contextDone(): void {
    this.#fn();
  }
}
