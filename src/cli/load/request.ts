/** One request of a scenario. */
export interface LoadRequest {
  /** What the report groups by: `home`, `post`. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** With query, from the root of the target. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** How a request ended. */
export interface LoadReply {
  /** 0 where there was no answer. */
  readonly status: number;
  /** The `reason` of an error body, or the code of a broken connection (`ECONNRESET`, `TIMEOUT`); empty otherwise. */
  readonly reason: string;
  /** The body, where it was asked for. */
  readonly body: string;
}

/** Sends a request and never rejects. */
export interface LoadClient {
  send(request: LoadRequest, options?: { readonly keepBody?: boolean }): Promise<LoadReply>;
  close(): void;
}

export function isSuccess({ status }: LoadReply): boolean {
  return status >= 200 && status < 300;
}
