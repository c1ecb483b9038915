import { type CallFields, type CallHead, defaultFields } from '../../call/index.ts';
import type { StatusError } from '../../errors/index.ts';

/** Told once how a call ended; undefined is success. */
export type Reply = (error: StatusError | undefined, call: SimulatedCall) => void;

/** What calls are sent to: a node, a queue before it, a client with its retries, whatever a test puts together. */
export interface Target {
  /** Takes the call, and sees to it that `call.reply` is called, at once or later. */
  send(call: SimulatedCall): void;
}

/** One call, or one attempt of it, on its way to one target. */
export class SimulatedCall {
  readonly head: CallHead;
  /** On the simulation's clock. */
  readonly sentAt: number;
  /** When the caller stops waiting, on the simulation's clock; Infinity if never. */
  readonly deadline: number;
  /** The node that answered, for the results; '' if none did. */
  node: string;
  /** How many attempts it took so far, by whoever repeats. */
  attempts: number;
  /** Whether it has been answered, or given up by the caller. */
  ended: boolean;
  readonly #reply: Reply;

  constructor(head: CallHead, sentAt: number, deadline: number, reply: Reply) {
    this.head = head;
    this.sentAt = sentAt;
    this.deadline = deadline;
    this.node = '';
    this.attempts = 1;
    this.ended = false;
    this.#reply = reply;
  }

  /** Answers. An answer after the first, or after the caller gave up, goes nowhere. */
  reply(error: StatusError | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.#reply(error, this);
  }

  /** The caller gives up: an answer is no longer heard. Whether it is still worked on is up to the target. */
  cancel(): void {
    this.ended = true;
  }
}

/** What a simulated call says of itself; a short way to a CallHead. */
export interface HeadOptions extends Partial<CallFields> {
  /** Default: `simulated`. */
  readonly service?: string;
  /** Default: `Call`. */
  readonly method?: string;
  /** Default: undefined, the caller waits forever. */
  readonly timeoutMs?: number | undefined;
}

/** A head with these fields, the others as a call has them that says nothing. */
export function callHead(options: HeadOptions = {}): CallHead {
  const { service = 'simulated', method = 'Call', timeoutMs, ...fields } = options;
  return { service, method, sizeBytes: undefined, timeoutMs, fields: { ...defaultFields, ...fields } };
}
