import type { Awaitable } from '../parking/waiting.ts';
import type { End, Stage } from './stage.ts';

/**
 * One pull of a stage that goes on while its consumer does something else. The outcome stays here until it is taken, so
 * none is lost whatever else happens when it arrives.
 */
export class Ahead<T> {
  readonly #stage: Stage<T>;
  readonly #arrived: (ahead: Ahead<T>) => void;
  #state: 'idle' | 'pending' | 'pulled' | 'failed' = 'idle';
  #outcome: unknown = undefined;
  #settled: Promise<void> | undefined;
  #isClosed = false;

  /** `arrived` is called with every outcome that `start` did not tell of. It must not throw. */
  constructor(stage: Stage<T>, arrived: (ahead: Ahead<T>) => void) {
    this.#stage = stage;
    this.#arrived = arrived;
  }

  /** Pulls, unless a pull is in flight or its outcome is still here. Tells whether an outcome is here now. */
  start(): boolean {
    if (this.#state === 'idle') this.#pull();
    return this.#state !== 'pending';
  }

  /** Takes the outcome: an element, the end, or a throw. Call it only after `start` gave true. */
  take(): T | End {
    const outcome = this.#outcome;
    const hasFailed = this.#state === 'failed';
    this.#outcome = undefined;
    this.#state = 'idle';
    if (hasFailed) throw outcome;
    return outcome as T | End;
  }

  /** Waits for the pull in flight and closes the stage. */
  close(): Awaitable<void> {
    this.#isClosed = true;
    return this.#state === 'pending' ? this.#settled!.then(() => this.#stage.close()) : this.#stage.close();
  }

  #pull(): void {
    // Pending also during the call: a function of the user in there may come back here.
    this.#state = 'pending';
    try {
      const pulled = this.#stage.pull();
      if (pulled instanceof Promise) this.#settled = pulled.then(this.#pulled, this.#failed);
      else this.#set('pulled', pulled);
    } catch (error) {
      this.#set('failed', error);
    }
  }

  readonly #pulled = (item: T | End): void => {
    this.#set('pulled', item);
    if (!this.#isClosed) this.#arrived(this);
  };

  readonly #failed = (error: unknown): void => {
    this.#set('failed', error);
    if (!this.#isClosed) this.#arrived(this);
  };

  #set(state: 'pulled' | 'failed', outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
  }
}
