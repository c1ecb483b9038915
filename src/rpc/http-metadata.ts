import { ConnectError } from '@connectrpc/connect';
import type { UniversalClientResponse } from '@connectrpc/connect/protocol';
import { isMetadataName, type OutgoingMetadata, Reception } from '../call/index.ts';
import { entriesOf } from './metadata-entries.ts';

/** What a call through the protocol library sends beside its fields, and hears: for one try. */
export class HttpMetadata {
  readonly #pairs: readonly string[];
  readonly #reception: Reception | undefined;
  #headers: Headers | undefined;

  constructor(outgoing: OutgoingMetadata) {
    this.#pairs = outgoing.pairs;
    this.#reception = Reception.of(outgoing);
  }

  write(headers: Headers): void {
    for (const [name, text] of entriesOf(this.#pairs)) headers.append(name, text);
  }

  /** The head of the answer has come. One of gRPC that is nothing but a status has only trailers. */
  begun({ header }: UniversalClientResponse): void {
    this.#headers = header.has('grpc-status') ? new Headers() : header;
    this.#reception?.headers(this.#headers);
  }

  /** The answer has come whole. */
  ended(trailer: Headers): void {
    this.#reception?.end(trailer);
  }

  /** The call failed: in an error of the library headers and trailers are one. */
  failed(thrown: unknown): void {
    const reception = this.#reception;
    const headers = this.#headers;
    if (reception === undefined || headers === undefined || !(thrown instanceof ConnectError)) return;
    reception.end(
      [...thrown.metadata].flatMap(([name, text]): [string, string][] => {
        const before = isMetadataName(name) ? headers.get(name) : null;
        if (before === null) return [[name, text]];
        return text.startsWith(`${before}, `) ? [[name, text.slice(before.length + 2)]] : [];
      }),
    );
  }
}
