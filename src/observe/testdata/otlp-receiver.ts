import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** A real HTTP server that takes OTLP and answers as it is told. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Answers the next requests, in order; after them 200. */
  answerWith(...answers: readonly Answer[]): void;
  /** Resolves when so many requests have come. */
  count(requests: number): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Never answer. */
  readonly hang?: boolean;
}

export async function otlpReceiver(): Promise<OtlpReceiver> {
  const received: Received[] = [];
  const answers: Answer[] = [];
  const waiting: { readonly requests: number; readonly resolve: () => void }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    received.push({ path: request.url ?? '', headers: request.headers, body: new Uint8Array(Buffer.concat(chunks)) });
    reply(response, answers.shift() ?? { status: 200 });
    for (const { requests, resolve } of waiting) if (received.length >= requests) resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answerWith: (...next) => void answers.push(...next),
    count: (requests) =>
      new Promise((resolve) => {
        waiting.push({ requests, resolve });
        if (received.length >= requests) resolve();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reply(response: ServerResponse, { status, headers = {}, body, hang = false }: Answer): void {
  if (hang) return;
  response.writeHead(status, headers);
  response.end(body);
}
