import { leaveAlone, StepLayer } from './step-layer.ts';
import type { StepReader, StepStream } from './step-stream.ts';

/** Each value as `map` makes it. What that throws fails the stream, and its source is left. */
export class MappedSteps<I, O> extends StepLayer<I, O> {
  readonly #map: (value: I) => O;
  #isOver = false;

  constructor(source: StepStream<I>, map: (value: I) => O) {
    super(source);
    this.#map = map;
  }

  override pull(reader: StepReader<O>): void {
    if (this.#isOver) reader.onDone();
    else super.pull(reader);
  }

  override onStep(value: I): void {
    const reader = this.takeReader();
    let mapped: O;
    try {
      mapped = this.#map(value);
    } catch (error) {
      this.#isOver = true;
      leaveAlone(this.source);
      reader.onFail(error);
      return;
    }
    reader.onStep(mapped);
  }
}
