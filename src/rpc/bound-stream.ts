import type { Context, Stop } from '../concurrency/index.ts';
import { leaveAlone, StepLayer } from '../concurrency/steps/step-layer.ts';
import type { StepReader, StepStream } from '../concurrency/steps/step-stream.ts';
import { stepsOf } from '../concurrency/steps/steps-of.ts';

export interface BoundStreamOptions {
  /** What a reader is told when the Context has ended. Default: what the Context itself throws. */
  readonly end?: (ctx: Context) => unknown;
}

/**
 * The stream, ended by the Context: a pending or later step then fails, and the source is left without
 * waiting for it, for a source may be stuck. For one consumer that takes one step at a time. Holds on to the Context
 * until the stream is read to its end, left with `return`, or ended.
 */
export function boundStream<T>(
  ctx: Context,
  source: AsyncIterable<T>,
  { end = contextEnd }: BoundStreamOptions = {},
): StepStream<T> {
  return new BoundStream(ctx, stepsOf(source), end);
}

class BoundStream<T> extends StepLayer<T> {
  readonly #ctx: Context;
  readonly #endOf: (ctx: Context) => unknown;
  readonly #stop: Stop;
  #isOver = false;

  constructor(ctx: Context, source: StepStream<T>, end: (ctx: Context) => unknown) {
    super(source);
    this.#ctx = ctx;
    this.#endOf = end;
    this.#stop = ctx.onDone(() => this.#end());
  }

  override pull(reader: StepReader<T>): void {
    if (!this.#isOver) super.pull(reader);
    else if (this.#ctx.err() === undefined) reader.onDone();
    else reader.onFail(this.#endOf(this.#ctx));
  }

  override leave(): undefined {
    if (this.#isOver) return;
    this.#finish();
    leaveAlone(this.source);
  }

  // What comes when the Context has ended nobody waits for any more.

  override onStep(value: T): void {
    if (this.reader !== undefined) this.takeReader().onStep(value);
  }

  override onDone(): void {
    if (this.reader === undefined) return;
    this.#finish();
    super.onDone();
  }

  override onFail(error: unknown): void {
    if (this.reader === undefined) return;
    this.#finish();
    super.onFail(error);
  }

  #end(): void {
    const { reader } = this;
    this.reader = undefined;
    this.leave();
    reader?.onFail(this.#endOf(this.#ctx));
  }

  #finish(): void {
    this.#isOver = true;
    this.#stop();
  }
}

export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function contextEnd(ctx: Context): unknown {
  try {
    ctx.throwIfDone();
  } catch (end) {
    return end;
  }
  return ctx.err();
}
