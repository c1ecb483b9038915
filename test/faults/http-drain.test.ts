import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CountingConnection, type Sent } from './http-drain/counting-client.ts';
import { startDrained } from './http-drain/drained-service.ts';

const connections = 16;
/** So many answers have come when the process is told to stop. */
const answersBefore = 400;
const repetitions = 3;

for (const depth of [1, 8]) {
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const how = depth === 1 ? 'one after the other' : `${depth} at a time, pipelined`;

    test(`SIGTERM under load loses no request that was begun; requests ${how} (${repetition})`, async () => {
      const service = await startDrained();
      const load = new Load(service.port, depth);
      await load.reached(answersBefore);

      service.child.kill('SIGTERM');
      await load.over();
      const [code] = await service.exit;

      assert.equal(code, 0);
      const begun = await service.begun;
      const sent = new Map(load.sent().map((one) => [one.id, one]));
      const lost = begun.filter((id) => sent.get(id)?.status === undefined);
      assert.deepEqual(lost, [], 'requests that were begun and not answered');
      for (const { id, status, body } of sent.values())
        if (status !== undefined) assert.deepEqual([status, body], [200, id]);
      for (const connection of load.connections) {
        assert.equal(connection.excess, '', 'part of an answer, or one after the last');
        if (connection.answered === 0) continue;
        assert.ok(connection.wasToldToClose, 'a connection that was served closed without being told');
        if (depth === 1) assert.equal(connection.answered, connection.sent.length);
      }
      assert.ok(load.connections.some((connection) => connection.wasToldToClose));
    });
  }
}

/** Clients that ask again and again, on new connections where old ones are closed, until nobody listens any more. */
class Load {
  readonly connections: CountingConnection[] = [];
  readonly #port: number;
  readonly #depth: number;
  readonly #clients: Promise<void>[];
  #answers = 0;
  #ids = 0;
  #change = Promise.withResolvers<void>();

  constructor(port: number, depth: number) {
    this.#port = port;
    this.#depth = depth;
    this.#clients = Array.from({ length: connections }, () => this.#run());
  }

  sent(): Sent[] {
    return this.connections.flatMap((connection) => connection.sent);
  }

  async reached(answers: number): Promise<void> {
    while (this.#answers < answers) await this.#change.promise;
  }

  async over(): Promise<void> {
    await Promise.all(this.#clients);
  }

  async #run(): Promise<void> {
    for (;;) {
      const connection = new CountingConnection(this.#port, () => this.#answered());
      this.connections.push(connection);
      while (connection.isOpen) await connection.ask(Array.from({ length: this.#depth }, () => this.#request()));
      await connection.closed;
      if (connection.isRefused) return;
    }
  }

  #answered(): void {
    this.#answers++;
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  #request(): { id: string; text: string } {
    const id = `id-${++this.#ids}`;
    const path = ['at-once', 'later', 'at-once', 'stream', 'body'][this.#ids % 5];
    const head = `/${path}/${id} HTTP/1.1\r\nHost: drained\r\n`;
    return {
      id,
      text: path === 'body' ? `POST ${head}Content-Length: ${id.length}\r\n\r\n${id}` : `GET ${head}\r\n`,
    };
  }
}
