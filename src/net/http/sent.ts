import type { StatusError } from '../../errors/index.ts';
import type { HttpRequestHead } from './request.ts';

/** What has become of a call. */
export interface Sent {
  /** Of the reply; with an error its status, also where the reply had begun and was cut. */
  readonly status: number;
  /** What was answered instead of a reply, or why the reply was not sent to its end. Undefined if all went well. */
  readonly error: StatusError | undefined;
  /** From when the head of the request had come. */
  readonly durationMs: number;
}

export type OnSent = (request: HttpRequestHead, sent: Sent) => void;
