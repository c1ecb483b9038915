import { notReady } from '../channel/select-case.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { Bell } from './bell.ts';
import type { Run } from './run.ts';
import type { End, Pulled, Stage } from './stage.ts';

/** A stage whose elements become ready while nobody pulls: it rings the bell when one may have. */
export abstract class ReadyStage<T> implements Stage<T> {
  protected readonly run: Run;
  protected readonly bell: Bell;

  constructor(run: Run, what: string) {
    this.run = run;
    this.bell = new Bell(what);
  }

  pull(): Pulled<T> {
    this.run.look();
    const out = this.attempt();
    return out === notReady ? this.#wait() : (out as T | End);
  }

  abstract close(): Awaitable<void>;

  /** An element, the end, a throw, or `notReady`: then the bell rings later. */
  protected abstract attempt(): T | End | typeof notReady;

  async #wait(): Promise<T | End> {
    for (;;) {
      await this.bell.wait(this.run.scope);
      const out: T | End | typeof notReady = this.attempt();
      if (out !== notReady) return out as T | End;
    }
  }
}
