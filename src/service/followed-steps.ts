import type { Context, Stop } from '../concurrency/index.ts';
import { StepLayer } from '../concurrency/steps/step-layer.ts';
import type { StepStream } from '../concurrency/steps/step-stream.ts';

/**
 * A stream that tells once when its call has ended: with its last message, its failure, or when its reader leaves, also
 * before the first message; and with its Context at the latest, for a stream that nobody reads.
 */
export class FollowedSteps<T> extends StepLayer<T> {
  readonly #tell: (error: unknown) => void;
  readonly #stop: Stop;
  #isOpen = true;

  /** `tell`: told with the error, if there is one. */
  constructor(ctx: Context, source: StepStream<T>, tell: (error: unknown) => void) {
    super(source);
    this.#tell = tell;
    this.#stop = ctx.onDone(() => this.#end(ctx.err()));
  }

  override leave(): Promise<unknown> | undefined {
    const left = super.leave();
    if (left === undefined) {
      this.#end(undefined);
      return undefined;
    }
    return left.then(
      () => this.#end(undefined),
      (error) => {
        this.#end(error);
        throw error;
      },
    );
  }

  override onStep(value: T): void {
    this.takeReader().onStep(value);
  }

  override onDone(): void {
    this.#end(undefined);
    super.onDone();
  }

  override onFail(error: unknown): void {
    this.#end(error);
    super.onFail(error);
  }

  #end(error: unknown): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stop();
    this.#tell(error);
  }
}
