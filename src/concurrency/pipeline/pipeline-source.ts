import { DoneListener, listen } from '../context/done-listener.ts';
import type { Awaitable } from '../parking/waiting.ts';
import type { Run } from './run.ts';
import type { Adopted, End, Pulled, Stage } from './stage.ts';

/** Elements of another pipeline, which ends with this one: also where its Context is not an ancestor of this one's. */
export class PipelineSource<T> extends DoneListener implements Stage<T> {
  readonly #outer: Run;
  readonly #run: Run;
  readonly #stage: Stage<T>;

  constructor(outer: Run, { run, stage }: Adopted<T>) {
    super();
    this.#outer = outer;
    this.#run = run;
    this.#stage = stage;
  }

  pull(): Pulled<T> {
    this.#outer.look();
    let pulled: Pulled<T>;
    try {
      pulled = this.#stage.pull();
    } catch (error) {
      throw this.#run.fail(error);
    }
    return pulled instanceof Promise ? this.#wait(pulled) : pulled;
  }

  close(): Awaitable<void> {
    this.#run.end();
    return this.#stage.close();
  }

  override contextDone(): void {
    this.#run.fail(this.#outer.scope.err());
  }

  async #wait(pulled: Promise<T | End>): Promise<T | End> {
    const { scope } = this.#outer;
    if (scope.err() === undefined) listen(scope, this);
    else this.contextDone();
    try {
      return await pulled;
    } catch (error) {
      throw this.#run.fail(error);
    } finally {
      this.unlisten();
    }
  }
}
