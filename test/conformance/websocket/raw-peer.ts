import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { decode, encode, type Frame, type Received, type Role } from './frames.ts';

/** The other side of a WebSocket, written plainly: it sends what it is told and collects the frames that come. */
export class RawPeer {
  readonly frames: Received[] = [];
  readonly socket: Socket;
  readonly #role: Role;
  #received: Buffer;
  #isClosed = false;
  #change = Promise.withResolvers<void>();
  /** All frames until the other side has closed its half of the connection. */
  readonly ended: Promise<readonly Received[]>;

  constructor(socket: Socket, role: Role, rest: Buffer) {
    this.socket = socket;
    this.#role = role;
    this.#received = rest;
    this.#decode();
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#decode();
      this.#wake();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
    socket.resume();
    this.ended = new Promise((resolve) => {
      socket.once('end', () => resolve(this.frames));
      socket.once('close', () => resolve(this.frames));
    });
  }

  send(...frames: readonly Frame[]): void {
    this.socket.write(Buffer.concat(frames.map((frame) => encode(this.#role, frame))));
  }

  /** Resolves when so many frames have come. */
  async count(n: number): Promise<readonly Received[]> {
    while (this.frames.length < n) {
      if (this.#isClosed) throw new Error(`closed after ${this.frames.length} of ${n} frames`);
      await this.#change.promise;
    }
    return this.frames;
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  #decode(): void {
    for (let next = decode(this.#received); next !== undefined; next = decode(this.#received)) {
      this.#received = next.rest;
      this.frames.push(next.frame);
    }
  }
}

/** Opens a WebSocket to a server with a request of its own making. */
export async function rawClient(port: number, headers = '', path = '/'): Promise<{ peer: RawPeer; head: string }> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${headers}\r\n`,
  );
  const { head, rest } = await headOf(socket);
  return { peer: new RawPeer(socket, 'client', rest), head };
}

/** Answers the handshake of a client that has just connected. */
export async function rawServer(socket: Socket, headers = ''): Promise<{ peer: RawPeer; head: string }> {
  const { head, rest } = await headOf(socket);
  const key = /sec-websocket-key: (.*)/i.exec(head)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key.trim()}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${headers}\r\n`,
  );
  return { peer: new RawPeer(socket, 'server', rest), head };
}

/** Reads a head and leaves the socket paused, with nobody listening. */
export function headOf(socket: Socket): Promise<{ head: string; rest: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ head: string; rest: Buffer }>();
  let received = Buffer.alloc(0);
  const onClose = () => reject(new Error(`closed before a head had come: ${received}`));
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    socket.off('data', onData).off('error', reject).off('close', onClose);
    // Paused, or what comes before somebody listens again would be lost.
    socket.pause();
    resolve({ head: received.toString('latin1', 0, end), rest: received.subarray(end + 4) });
  };
  socket.on('data', onData).on('error', reject).on('close', onClose);
  return promise;
}
