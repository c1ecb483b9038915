/**
 * What a slow back end looks like from a service: it works on so many questions at once, each takes its time, and whoever
 * comes later waits in a line without a bound. It answers in order, also who has stopped waiting.
 */
export class Dependency {
  readonly #serviceMs: number;
  readonly #line: (() => void)[] = [];
  #next = 0;
  #free: number;

  constructor(slots: number, serviceMs: number) {
    this.#free = slots;
    this.#serviceMs = serviceMs;
  }

  ask(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#free === 0) {
        this.#line.push(resolve);
        return;
      }
      this.#free--;
      this.#work(resolve);
    });
  }

  #work(answer: () => void): void {
    setTimeout(() => {
      answer();
      const next = this.#line[this.#next];
      if (next === undefined) {
        this.#free++;
        return;
      }
      this.#next++;
      if (this.#next === this.#line.length) {
        this.#line.length = 0;
        this.#next = 0;
      }
      this.#work(next);
    }, this.#serviceMs);
  }
}
