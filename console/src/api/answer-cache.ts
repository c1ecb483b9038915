/**
 * The last answers by their question, so that a step back shows at once what was there. The one that was used longest ago
 * makes room; an answer from here is shown only until the new one arrives.
 */
export class AnswerCache {
  readonly #capacity: number;
  readonly #answers = new Map<string, unknown>();

  constructor(capacity = 40) {
    this.#capacity = capacity;
  }

  get(key: string): unknown {
    const answer = this.#answers.get(key);
    if (answer !== undefined) this.set(key, answer);
    return answer;
  }

  set(key: string, answer: unknown): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size > this.#capacity) this.#answers.delete(this.#answers.keys().next().value!);
  }
}
