import { Ring } from '../channel/ring.ts';
import { notReady } from '../channel/select-case.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { Ahead } from './ahead.ts';
import { ReadyStage } from './ready-stage.ts';
import { Run } from './run.ts';
import { type Adopted, type End, end, type Stage } from './stage.ts';

/** The branches of a tee. Each has a run of its own: the one of the upstream ends when the last branch left. */
export function teeStages<T>({ run, stage }: Adopted<T>, count: number, buffer: number): Adopted<T>[] {
  const tee = new Tee(stage, run, buffer);
  return Array.from({ length: count }, () => {
    const own = new Run(run.ctx);
    return { run: own, stage: tee.addBranch(own) };
  });
}

/** What the branches share. It pulls when one of them wants an element and all have room for it. */
class Tee<T> {
  readonly buffer: number;
  readonly #run: Run;
  readonly #upstream: Ahead<T>;
  readonly #branches = new Set<Branch<T>>();
  /** What comes behind the last element. */
  last: { readonly error?: unknown } | undefined = undefined;

  constructor(upstream: Stage<T>, run: Run, buffer: number) {
    this.buffer = buffer;
    this.#run = run;
    this.#upstream = new Ahead(upstream, () => this.fill());
  }

  addBranch(run: Run): Branch<T> {
    const branch = new Branch(run, this);
    this.#branches.add(branch);
    return branch;
  }

  fill(): void {
    while (this.last === undefined && this.#isWanted() && this.#upstream.start()) {
      try {
        const item = this.#upstream.take();
        if (item === end) this.#end({});
        else for (const branch of this.#branches) branch.give(item);
      } catch (error) {
        this.#end({ error: this.#run.fail(error) });
      }
    }
  }

  leave(branch: Branch<T>): Awaitable<void> {
    this.#branches.delete(branch);
    if (this.#branches.size > 0) return this.fill();
    this.#run.end();
    return this.#upstream.close();
  }

  #isWanted(): boolean {
    let isWanted = false;
    for (const branch of this.#branches) {
      if (branch.held >= this.buffer) return false;
      isWanted ||= branch.isHungry;
    }
    return isWanted;
  }

  #end(last: { readonly error?: unknown }): void {
    this.last = last;
    for (const branch of this.#branches) branch.ended();
  }
}

/** Holds up to `buffer` elements that it did not take yet and the slowest branch may lag behind by. */
class Branch<T> extends ReadyStage<T> {
  readonly #tee: Tee<T>;
  readonly #items = new Ring<T>();
  /** Someone waits here for an element. */
  isHungry = false;

  constructor(run: Run, tee: Tee<T>) {
    super(run, 'an element of tee');
    this.#tee = tee;
  }

  get held(): number {
    return this.#items.length;
  }

  give(item: T): void {
    this.isHungry = false;
    this.#items.push(item);
    this.bell.ring();
  }

  ended(): void {
    this.bell.ring();
  }

  close(): Awaitable<void> {
    return this.#tee.leave(this);
  }

  protected attempt(): T | End | typeof notReady {
    if (this.#items.length === 0) {
      this.isHungry = true;
      this.#tee.fill();
    }
    if (this.#items.length > 0) {
      const item = this.#items.shift();
      // There is room now that another branch may wait for.
      this.#tee.fill();
      return item;
    }
    const { last } = this.#tee;
    if (last === undefined) return notReady;
    if ('error' in last) throw last.error;
    return end;
  }
}
