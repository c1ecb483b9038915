import { measureLoop } from './loop.ts';
import { ResourceMeter } from './resources.ts';
import type { LoopSignal, OverloadSignals, ResourceSignal } from './signals.ts';

/** Signals for as long as somebody needs them. */
export interface SharedSignals extends OverloadSignals {
  /** Gives them back; the last to do so ends the sampling. A second call does nothing. */
  release(): void;
}

/**
 * The signals of this process. All that ask share one set of them: they are of one loop and one heap, and a server must know
 * of a turn that another server has made long. `onSample` is called each 500 ms until the release.
 */
export function processSignals(onSample: () => void = () => {}): SharedSignals {
  return shared.acquire(onSample);
}

class ProcessSignals {
  readonly #users = new Set<() => void>();
  #loop: LoopSignal | undefined;
  #resources: ResourceMeter | undefined;

  acquire(onSample: () => void): SharedSignals {
    // A function that is given twice is two users.
    const user = () => onSample();
    this.#users.add(user);
    this.#loop ??= measureLoop();
    this.#resources ??= new ResourceMeter(() => {
      for (const each of this.#users) each();
    });
    const loop: LoopSignal = this.#loop;
    const resources: ResourceSignal = this.#resources;
    return { loop, resources, release: () => this.#release(user) };
  }

  #release(user: () => void): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#resources?.stop();
    this.#resources = undefined;
    this.#loop = undefined;
  }
}

/** Of the process, as its loop and its heap are. Holds nothing while nobody asks. */
const shared = new ProcessSignals();
