import type { DescService } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';

/**
 * A client of any make, in the shape of Connect's: a function per method, which takes `timeoutMs`, `signal`, `headers`, and what hears
 * of a call that succeeded: `onHeader` and `onTrailer`. Values of `-bin` names are base64.
 */
export interface Caller extends AsyncDisposable {
  client<S extends DescService>(service: S): Client<S>;
  explain(thrown: unknown): Explained;
}

/** How a client is made. */
export interface CallerOptions {
  /** Sends and takes gzip. Default: neither, where the client has a choice. */
  readonly gzip?: boolean;
}

export type OpenCaller = (url: string, options: CallerOptions) => Caller;

/** What a call failed with, as its caller sees it. */
export interface Explained {
  /** A gRPC status. */
  readonly code: number;
  readonly message: string;
  /** The ErrorInfo that came with it. */
  /** Headers and trailers that came with it. */
  readonly metadata: Headers;
  readonly info: { readonly reason: string; readonly domain: string; readonly metadata: object } | undefined;
}
