import { type StepReader, StepStream } from './step-stream.ts';

/** A stream that reads another one, and hands on what that tells: what to change of it the classes say that extend this. */
export abstract class StepLayer<I, O = I> extends StepStream<O> implements StepReader<I> {
  protected readonly source: StepStream<I>;
  /** Who waits for a step. */
  protected reader: StepReader<O> | undefined;

  constructor(source: StepStream<I>) {
    super();
    this.source = source;
    this.reader = undefined;
  }

  override pull(reader: StepReader<O>): void {
    this.reader = reader;
    this.source.pull(this);
  }

  override leave(): Promise<unknown> | undefined {
    return this.source.leave();
  }

  abstract onStep(value: I): void;

  onDone(): void {
    this.takeReader().onDone();
  }

  onFail(error: unknown): void {
    this.takeReader().onFail(error);
  }

  /** Who waits, and waits no more. */
  protected takeReader(): StepReader<O> {
    const reader = this.reader!;
    this.reader = undefined;
    return reader;
  }
}

/** Leaves a stream without waiting for its end, which may never come, and whose failure nobody wants to know. */
export function leaveAlone(stream: StepStream<unknown>): void {
  stream.leave()?.then(undefined, () => {});
}
