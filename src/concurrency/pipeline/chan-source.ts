import type { Item, RecvChan } from '../channel/channel.ts';
import type { Run } from './run.ts';
import { type End, end, type Pulled, type Stage } from './stage.ts';

/** Values of a channel until it is closed and drained. A receiver does not close, so an early exit leaves it as it is. */
export class ChanSource<T extends Item> implements Stage<T> {
  readonly #run: Run;
  readonly #chan: RecvChan<T>;

  constructor(run: Run, chan: RecvChan<T>) {
    this.#run = run;
    this.#chan = chan;
  }

  pull(): Pulled<T> {
    const turn = this.#run.step();
    return turn === undefined ? this.#next() : turn.then(() => this.#next());
  }

  close(): void {}

  #next(): Pulled<T> {
    const item = this.#chan.recv(this.#run.scope);
    if (item instanceof Promise) return item.then(elementOf<T>);
    return item === undefined ? end : item;
  }
}

function elementOf<T>(item: T | undefined): T | End {
  return item === undefined ? end : item;
}
