import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { message } from './measured.ts';

const connectingAtOnce = 100;
/** The frame of a server around the message: two bytes of head. */
const answerBytes = 2 + message.length;

/** So many connections after their handshake. */
export async function open(port: number, path: string, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Math.min(connectingAtOnce, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => openOne(port, path)))));
  }
  return sockets;
}

async function openOne(port: number, path: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(`no WebSocket but ${answer}`);
  return socket;
}

/** The message as a client sends it, `times` in one write. */
function masked(times: number): Buffer {
  const key = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
  const payload = Buffer.from(message).map((byte, i) => byte ^ key[i % 4]!);
  const one = Buffer.concat([Buffer.of(0x81, 0x80 | payload.length), key, payload]);
  return Buffer.concat(Array.from({ length: times }, () => one));
}

/** Connections that each send a batch, and the next when all of it has come back. */
export class Echoes {
  answered = 0;
  readonly #sockets: readonly Socket[];
  readonly #batch: Buffer;
  #isOver = false;

  constructor(sockets: readonly Socket[], perBatch: number) {
    this.#sockets = sockets;
    this.#batch = masked(perBatch);
    for (const socket of sockets) {
      let bytes = 0;
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes < answerBytes * perBatch) return;
        bytes -= answerBytes * perBatch;
        this.answered += perBatch;
        if (!this.#isOver) socket.write(this.#batch);
      });
      socket.write(this.#batch);
    }
  }

  stop(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Counts the messages that come to all of these. */
export class Listeners {
  readonly #sockets: readonly Socket[];
  #bytes = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #done = Promise.withResolvers<void>();

  constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
    for (const socket of sockets)
      socket.on('data', (chunk: Buffer) => {
        this.#bytes += chunk.length;
        if (this.#bytes >= this.#wanted) this.#done.resolve();
      });
  }

  /** Resolves when each has had so many more. */
  async heard(messages: number): Promise<void> {
    this.#done = Promise.withResolvers();
    this.#wanted = messages * this.#sockets.length * answerBytes;
    if (this.#bytes >= this.#wanted) this.#done.resolve();
    await this.#done.promise;
    this.#bytes -= this.#wanted;
    this.#wanted = Number.POSITIVE_INFINITY;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
