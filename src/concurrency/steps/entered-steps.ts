import type { Context } from '../context/context.ts';
import { runWith } from '../context/current.ts';
import { StepLayer } from './step-layer.ts';
import type { StepReader, StepStream } from './step-stream.ts';

/** The same stream; its Context is the current one whenever code of the program runs for it. */
export class EnteredSteps<T> extends StepLayer<T> {
  readonly #ctx: Context;
  readonly #pull = () => this.source.pull(this);

  constructor(ctx: Context, source: StepStream<T>) {
    super(source);
    this.#ctx = ctx;
  }

  override pull(reader: StepReader<T>): void {
    this.reader = reader;
    if (this.source.runsProgram) runWith(this.#ctx, this.#pull);
    else this.source.pull(this);
  }

  override leave(): Promise<unknown> | undefined {
    return runWith(this.#ctx, () => this.source.leave());
  }

  override onStep(value: T): void {
    this.takeReader().onStep(value);
  }
}
