import type { Clock, Timer } from '../../../concurrency/index.ts';

export interface DeadlineOwner<W> {
  /** What was waited for did not come in time. */
  onDeadline(wait: W, now: number): void;
}

/**
 * The time limit of whatever its owner is waiting for now. One timer, moved only when it fires or to fire earlier: a busy
 * connection, whose limit moves with every request, sets a number and never touches the timer.
 */
export class Deadline<W> {
  wait: W;
  readonly #clock: Clock;
  readonly #owner: DeadlineOwner<W>;
  #at = Number.POSITIVE_INFINITY;
  #armedAt = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock, owner: DeadlineOwner<W>, wait: W) {
    this.#clock = clock;
    this.#owner = owner;
    this.wait = wait;
  }

  /** `at` is by the clock; Infinity: no limit. */
  set(wait: W, at: number): void {
    this.wait = wait;
    this.#at = at;
    if (at < this.#armedAt) this.#arm();
  }

  stop(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
    this.#armedAt = Number.NEGATIVE_INFINITY;
  }

  #arm(): void {
    this.#timer?.stop();
    this.#armedAt = this.#at;
    this.#timer = this.#at === Number.POSITIVE_INFINITY ? undefined : this.#clock.at(this.#at, () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#armedAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    if (now < this.#at) {
      this.#arm();
      return;
    }
    this.#at = Number.POSITIVE_INFINITY;
    this.#owner.onDeadline(this.wait, now);
  }
}
