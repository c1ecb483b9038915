import { background, sleep } from 'flotilla/concurrency';

/** What one call of the load came back with. */
export interface Answered {
  readonly lane: string;
  /** `performance.now()` when it was sent. */
  readonly sentAt: number;
  /** The way that it took, or what went wrong. */
  readonly way: string;
  readonly isOk: boolean;
}

/** Clients that call as fast as they are answered, reads and writes in turn, each in a lane of its own. */
export class LaneLoad {
  readonly answers: Answered[] = [];
  readonly #app: string;
  readonly #clients: Promise<void>[];
  #isOver = false;

  /** `clients` for each of the lanes, each with a pause between its calls so that the machine has room for all. */
  constructor(app: string, lanes: readonly string[], clients: number) {
    this.#app = app;
    this.#clients = lanes.flatMap((lane) => Array.from({ length: clients }, () => this.#run(lane)));
  }

  /** Waits until an answer is there, and gives it. */
  async until(holds: (answer: Answered) => boolean): Promise<Answered> {
    using ctx = background().withTimeout(60_000);
    for (let seen = 0; ; ) {
      for (; seen < this.answers.length; seen++) if (holds(this.answers[seen]!)) return this.answers[seen]!;
      await sleep(ctx, 5);
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  async #run(lane: string): Promise<void> {
    for (let call = 0; !this.#isOver; call++) {
      const sentAt = performance.now();
      const { way, isOk } = await this.#call(lane, call % 2 === 0);
      this.answers.push({ lane, sentAt, way, isOk });
      await sleep(background(), 5);
    }
  }

  async #call(lane: string, isRead: boolean): Promise<Pick<Answered, 'way' | 'isOk'>> {
    const headers = { 'content-type': 'application/json', ...(lane !== '' && { 'flotilla-lane': lane }) };
    try {
      const answer = isRead
        ? await fetch(`${this.#app}/v1/rooms/7`, { headers })
        : await fetch(`${this.#app}/v1/rooms`, { method: 'POST', headers, body: '{"id":"7"}' });
      const body = (await answer.json()) as { room?: { title?: string }; title?: string };
      const way = body.room?.title ?? body.title;
      return answer.ok && way !== undefined
        ? { way, isOk: true }
        : { way: `${answer.status} ${JSON.stringify(body)}`, isOk: false };
    } catch (error) {
      return { way: String(error), isOk: false };
    }
  }
}
