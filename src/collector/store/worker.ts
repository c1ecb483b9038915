/**
 * The program of both threads of the store: started by `StoreThread`, imported by nobody. The writer decodes and stores,
 * the reader answers questions; so a slow question holds up no telemetry, and neither holds up the event loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import * as errors from '../../errors/index.ts';
import { answer } from '../query/answer.ts';
import type { Query } from '../query/queries.ts';
import { type ReadChunk, ReadChunks } from '../query/read-chunks.ts';
import type { ThreadData, ThreadNotice, ThreadReply, ThreadRequest } from './protocol.ts';
import { isDamage, storeFailure, Writer } from './writer.ts';

interface Role {
  handle(request: ThreadRequest): ThreadReply;
}

class WriterRole implements Role {
  readonly #writer: Writer;

  constructor({ dir, maxBytes }: ThreadData) {
    this.#writer = new Writer({ dir, maxBytes, onNotice: notice });
  }

  handle(request: ThreadRequest): ThreadReply {
    if (request.kind === 'close') {
      this.#writer.close();
      return { kind: 'closed' };
    }
    if (request.kind !== 'ingest') throw new TypeError(`the writer takes no ${request.kind}`);
    const { signal, encoding, bytes, wantsLines } = request;
    return { kind: 'ingested', result: this.#writer.ingest(signal, encoding, bytes, wantsLines) };
  }
}

class ReaderRole implements Role {
  readonly #chunks: ReadChunks;

  constructor({ dir }: ThreadData) {
    this.#chunks = new ReadChunks(dir);
  }

  handle(request: ThreadRequest): ThreadReply {
    if (request.kind === 'close') {
      this.#chunks.close();
      return { kind: 'closed' };
    }
    if (request.kind !== 'query') throw new TypeError(`the reader takes no ${request.kind}`);
    return { kind: 'answered', json: Buffer.from(JSON.stringify(this.#answer(request.query))) };
  }

  /** Leaves a damaged chunk out and asks the others again. */
  #answer(query: Query): unknown {
    for (;;) {
      let asked: ReadChunk | undefined;
      const chunks = (function* (all: readonly ReadChunk[]) {
        for (const chunk of all) {
          asked = chunk;
          yield chunk;
        }
      })(this.#chunks.list());
      try {
        return answer(chunks, query);
      } catch (error) {
        if (!isDamage(error) || asked === undefined) throw error;
        notice(`telemetry file ${asked.path} is damaged (${(error as Error).message}): leaving it out of answers`);
        this.#chunks.exclude(asked);
      }
    }
  }
}

const port = parentPort!;
const data = workerData as ThreadData;
let role: Role | undefined;

function reply(work: () => ThreadReply): void {
  let message: ThreadReply;
  try {
    message = work();
  } catch (cause) {
    const error = errors.as(cause) ?? errors.as(storeFailure(cause))!;
    message = { kind: 'failed', error: errors.toBody(error), detail: errors.format(cause) };
  }
  port.postMessage(message);
}

function notice(text: string): void {
  port.postMessage({ kind: 'notice', text } satisfies ThreadNotice);
}

reply(() => {
  role = data.role === 'writer' ? new WriterRole(data) : new ReaderRole(data);
  return { kind: 'opened' };
});
port.on('message', (request: ThreadRequest) => {
  reply(() => {
    if (role === undefined) throw new TypeError('the store could not be opened');
    return role.handle(request);
  });
  if (request.kind === 'close') port.close();
});
