import { connect, type Socket } from 'node:net';

/** One request as its client knows it. */
export interface Sent {
  readonly id: string;
  readonly connection: CountingConnection;
  /** Of the answer; undefined: none came, or only a part. */
  status?: number;
  body?: string;
}

/** A connection that knows exactly what it has asked and what was answered, and after which answer it was told to close. */
export class CountingConnection {
  readonly sent: Sent[] = [];
  /** The answer that said `Connection: close` has come. */
  wasToldToClose = false;
  /** What came after that answer, or was no answer. */
  excess = '';
  isRefused = false;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #text = '';
  #answered = 0;
  #progress = Promise.withResolvers<void>();
  readonly #onAnswer: () => void;

  constructor(port: number, onAnswer: () => void) {
    this.#onAnswer = onAnswer;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#received(chunk));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.isRefused = error.code === 'ECONNREFUSED';
    });
    this.closed = new Promise((resolve) =>
      this.#socket.once('close', () => {
        this.excess += this.#text;
        this.#progress.resolve();
        resolve();
      }),
    );
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && !this.wasToldToClose;
  }

  get answered(): number {
    return this.#answered;
  }

  /** Sends the requests in one write, and resolves when all are answered or the connection has closed. */
  async ask(requests: readonly { readonly id: string; readonly text: string }[]): Promise<void> {
    for (const { id } of requests) this.sent.push({ id, connection: this });
    this.#socket.write(requests.map(({ text }) => text).join(''), 'latin1');
    while (this.#answered < this.sent.length && !this.#socket.destroyed) await this.#progress.promise;
  }

  end(): void {
    this.#socket.destroy();
  }

  #received(chunk: string): void {
    this.#text += chunk;
    for (let answer = parseAnswer(this.#text); answer !== undefined; answer = parseAnswer(this.#text)) {
      if (this.wasToldToClose || this.#answered === this.sent.length) return;
      const sent = this.sent[this.#answered++]!;
      sent.status = answer.status;
      sent.body = answer.body;
      this.wasToldToClose = /^connection: close\r$/im.test(answer.head);
      this.#text = this.#text.slice(answer.length);
      this.#onAnswer();
    }
    if (this.#answered === this.sent.length || this.wasToldToClose) {
      this.#progress.resolve();
      this.#progress = Promise.withResolvers();
    }
  }
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly length: number;
}

/** The first whole answer of the text. */
function parseAnswer(text: string): Answer | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd + 2);
  const status = Number(head.slice(9, 12));
  const from = headEnd + 4;
  const length = /^content-length: (\d+)\r$/im.exec(head)?.[1];
  if (length !== undefined) {
    const end = from + Number(length);
    return text.length < end ? undefined : { status, head, body: text.slice(from, end), length: end };
  }
  let body = '';
  for (let at = from; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (text.length < end) return undefined;
    body += text.slice(lineEnd + 2, end - 2);
    if (size === 0) return { status, head, body, length: end };
    at = end;
  }
}
