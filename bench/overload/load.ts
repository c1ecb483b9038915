import { Answers, type Phase } from './answers.ts';
import { Connection } from './connection.ts';

/** Requests of a kind: how many of all, and the headers that they have on top. */
export interface Kind {
  readonly share: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  /** Requests that are due while all connections wait are lost. */
  readonly connections: number;
  readonly random: () => number;
  /** Default: one kind without headers. */
  readonly kinds?: readonly Kind[];
}

/** What came of a closed loop. */
export interface ClosedLoop {
  /** Answered with 200. */
  readonly count: number;
  readonly perSecond: number;
  readonly refused: number;
}

/** How long the answers of a run are waited for after its end. */
const lingerMs = 1000;
const patienceMs = 20_000;
const connectingAtOnce = 100;

/**
 * Sends requests at the times of a Poisson process, whatever the server does (open loop), over many connections that are
 * kept. A latency counts from when a request was due. It takes a core for itself: it looks at the clock all the time, since
 * a timer would send in bursts of a millisecond.
 */
export class Load {
  readonly #options: LoadOptions;
  readonly #kinds: readonly { readonly upTo: number; readonly bytes: Buffer }[];
  readonly #connections: readonly Connection[];
  /** In the order in which they came free; the one that rested longest is next. */
  readonly #free: Ring<Connection>;
  #answers = new Answers([], 1);
  #startedAt = 0;
  #onFree: (() => void) | undefined;

  private constructor(options: LoadOptions) {
    this.#options = options;
    const { port, connections, kinds = [{ share: 1 }] } = options;
    let upTo = 0;
    this.#kinds = kinds.map(({ share, headers = {} }) => {
      upTo += share;
      return { upTo, bytes: requestBytes(options, headers) };
    });
    this.#connections = Array.from(
      { length: connections },
      () => new Connection(port, (connection, status) => this.#answered(connection, status)),
    );
    this.#free = new Ring(connections);
    for (const connection of this.#connections) this.#free.push(connection);
  }

  static async open(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    for (const [i, connection] of load.#connections.entries()) {
      connection.open();
      if (i % connectingAtOnce === 0 || i === options.connections - 1) await connection.connected();
    }
    return load;
  }

  /**
   * One phase after the other, without a pause, once the server has answered what is left of an earlier run.
   * What was not answered a second after the end never was.
   */
  async run(phases: readonly Phase[]): Promise<Answers> {
    await this.#idle(patienceMs);
    const answers = new Answers(phases, this.#kinds.length);
    this.#answers = answers;
    this.#startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        try {
          if (this.#sendDue(answers)) setImmediate(turn);
          else resolve();
        } catch (error) {
          reject(error);
        }
      };
      this.#dueMs = 0;
      this.#draw(phases);
      turn();
    });
    await this.#idle(lingerMs);
    this.#answers = new Answers([], 1);
    return answers;
  }

  /** So many requests at once, a new one with each answer: what a server can do at most. */
  async closedLoop(atOnce: number, seconds: number): Promise<ClosedLoop> {
    await this.#idle(patienceMs);
    const answers = new Answers([{ perSecond: 0, seconds }], 1);
    this.#answers = answers;
    this.#startedAt = performance.now();
    const isOver = () => performance.now() - this.#startedAt >= seconds * 1000;
    await new Promise<void>((resolve) => {
      const refill = () => {
        if (isOver()) {
          if (this.#free.size === this.#connections.length) resolve();
          return;
        }
        while (this.#connections.length - this.#free.size < atOnce) {
          this.#send(answers, performance.now() - this.#startedAt, 0);
        }
      };
      this.#onFree = refill;
      refill();
    });
    this.#onFree = undefined;
    const tookMs = performance.now() - this.#startedAt;
    this.#answers = new Answers([], 1);
    const count = answers.count(200);
    return { perSecond: (count * 1000) / tookMs, count, refused: answers.refused() };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #dueMs = 0;
  #phase = 0;
  #phaseEndMs = 0;

  /** Sends what is due by now; false when all phases are over. */
  #sendDue(answers: Answers): boolean {
    const now = performance.now() - this.#startedAt;
    while (this.#dueMs <= now) {
      if (this.#phase >= answers.phases.length) return false;
      this.#send(answers, this.#dueMs, this.#kind());
      this.#draw(answers.phases);
    }
    return true;
  }

  /** When the next request is due. A Poisson process forgets: at a border the next phase just starts to draw. */
  #draw(phases: readonly Phase[]): void {
    if (this.#dueMs === 0) {
      this.#phase = 0;
      this.#phaseEndMs = phases[0]!.seconds * 1000;
    }
    const { perSecond } = phases[this.#phase]!;
    this.#dueMs += (-Math.log(1 - this.#options.random()) * 1000) / perSecond;
    while (this.#phase < phases.length && this.#dueMs > this.#phaseEndMs) {
      const next = phases[++this.#phase];
      this.#dueMs = this.#phaseEndMs;
      if (next === undefined) return;
      this.#phaseEndMs += next.seconds * 1000;
      this.#dueMs += (-Math.log(1 - this.#options.random()) * 1000) / next.perSecond;
    }
  }

  #kind(): number {
    if (this.#kinds.length === 1) return 0;
    const drawn = this.#options.random();
    const found = this.#kinds.findIndex(({ upTo }) => drawn < upTo);
    return found < 0 ? this.#kinds.length - 1 : found;
  }

  #send(answers: Answers, dueMs: number, kind: number): void {
    const request = answers.due(dueMs, kind);
    const connection = this.#free.shift();
    if (connection === undefined) return;
    connection.request = request;
    connection.send(this.#kinds[kind]!.bytes);
  }

  #answered(connection: Connection, status: number): void {
    this.#answers.answered(connection.request, status, performance.now() - this.#startedAt);
    connection.request = -1;
    this.#free.push(connection);
    this.#onFree?.();
  }

  async #idle(forMs: number): Promise<void> {
    const until = performance.now() + forMs;
    while (this.#free.size < this.#connections.length && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function requestBytes({ port, path }: LoadOptions, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
}

/** First in, first out, without moving anything. */
class Ring<T> {
  size = 0;
  readonly #items: (T | undefined)[];
  #first = 0;

  constructor(capacity: number) {
    this.#items = new Array(capacity).fill(undefined);
  }

  push(item: T): void {
    this.#items[(this.#first + this.size++) % this.#items.length] = item;
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#first];
    this.#first = (this.#first + 1) % this.#items.length;
    this.size--;
    return item;
  }
}
