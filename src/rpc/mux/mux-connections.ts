import type { Socket } from 'node:net';
import type { Context } from '../../concurrency/index.ts';
import type { Matcher } from '../../net/tcp/index.ts';
import { magic } from '../../net/tcp/index.ts';
import { createCodecs } from '../codec/codecs.ts';
import { Sink } from '../codec/sink.ts';
import type { ServerMethod } from '../server-method.ts';
import { Gzip } from './gzip.ts';
import type { MessageLimits } from './messages.ts';
import { MuxConnection, type MuxConnectionOptions, type MuxHost } from './mux-connection.ts';
import { codes, preface } from './protocol.ts';
import type { KnownMethod } from './server-call.ts';

/** How a connection of this protocol begins. */
export const muxPreface: Matcher = magic(preface);

export interface MuxConnectionsOptions extends MuxConnectionOptions {
  readonly methods: readonly ServerMethod[];
}

/** The mux side of a server: takes connections that have been recognised, runs their calls, drains them. */
export class MuxConnections implements MuxHost {
  readonly options: MuxConnectionsOptions;
  readonly limits: MessageLimits;
  readonly sink = new Sink();
  readonly #base: Context;
  readonly #methods = new Map<string, KnownMethod>();
  readonly #connections = new Set<MuxConnection>();
  #isDraining = false;
  #whenClosed: (() => void) | undefined;

  constructor(base: Context, options: MuxConnectionsOptions) {
    this.#base = base;
    this.options = options;
    const { compressMinBytes, maxMessageBytes } = options;
    this.limits = { compressMinBytes, maxMessageBytes, gzip: new Gzip() };
    const codecs = createCodecs();
    for (const method of options.methods) {
      const { path, desc } = method;
      this.#methods.set(path, { path, method, input: codecs.codec(desc.input), output: codecs.codec(desc.output) });
    }
  }

  /** Takes over a connection; what was read of it must be back in the socket's buffer. */
  accept(socket: Socket): void {
    const connection = new MuxConnection(this.#base, socket, this);
    this.#connections.add(connection);
    connection.start();
    if (this.#isDraining) connection.leave(codes.drain, drainReason);
  }

  /** Tells every client to call elsewhere; connections close when their last call has ended. */
  drain(): void {
    this.#isDraining = true;
    for (const connection of [...this.#connections]) connection.leave(codes.drain, drainReason);
  }

  /** Resolves when no connection is left. For one waiter. */
  closed(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenClosed = resolve;
    });
  }

  connectionClosed(connection: MuxConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#whenClosed?.();
  }

  methodOf(path: string): KnownMethod {
    return (
      this.#methods.get(path) ?? { path: path.slice(0, 200), method: undefined, input: undefined, output: undefined }
    );
  }

  /** Closes every connection, whatever runs on it. */
  destroy(): void {
    for (const connection of [...this.#connections]) connection.destroy();
  }
}

const drainReason = 'the server is shutting down';
