import { connect, type Socket } from 'node:net';

/** Who hears how a request ended: 0 where the connection ended first. */
export type OnAnswer = (connection: Connection, status: number) => void;

const blankLine = Buffer.from('\r\n\r\n');
const lengthField = /\r\ncontent-length: *(\d+)/i;

/** One connection with one request at a time: all that a load at a high rate can afford. Opens again when it was closed. */
export class Connection {
  /** Which request it waits for the answer of; the load's. */
  request = -1;
  readonly #port: number;
  readonly #onAnswer: OnAnswer;
  #socket: Socket | undefined;
  /** What has come of an answer that is not whole yet. */
  #begun: Buffer | undefined;

  constructor(port: number, onAnswer: OnAnswer) {
    this.#port = port;
    this.#onAnswer = onAnswer;
  }

  /** By itself before the first request. */
  open(): Socket {
    this.#begun = undefined;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#received(chunk);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#socket = undefined;
      this.#end(0);
    });
    return socket;
  }

  send(bytes: Uint8Array): void {
    (this.#socket ?? this.open()).write(bytes);
  }

  async connected(): Promise<void> {
    const socket = this.#socket;
    if (socket?.connecting) await new Promise((resolve) => socket.once('connect', resolve));
  }

  close(): void {
    this.request = -1;
    this.#socket?.destroy();
  }

  #received(chunk: Buffer): void {
    const bytes = this.#begun === undefined ? chunk : Buffer.concat([this.#begun, chunk]);
    const headEnd = bytes.indexOf(blankLine);
    const length = headEnd < 0 ? undefined : lengthField.exec(bytes.toString('latin1', 0, headEnd))?.[1];
    if (headEnd >= 0 && length === undefined) throw new Error(`an answer without Content-Length: ${bytes}`);
    if (headEnd < 0 || bytes.length < headEnd + blankLine.length + Number(length)) {
      this.#begun = bytes;
      return;
    }
    this.#begun = undefined;
    this.#end(statusOf(bytes));
  }

  #end(status: number): void {
    if (this.request >= 0) this.#onAnswer(this, status);
  }
}

/** The three digits behind `HTTP/1.1 `. */
function statusOf(bytes: Buffer): number {
  return (bytes[9]! - 48) * 100 + (bytes[10]! - 48) * 10 + (bytes[11]! - 48);
}
