import type { Message } from '@bufbuild/protobuf';
import {
  type Admit,
  CallMetadata,
  errorOfRejection,
  type GetHeader,
  type Reception,
  readFields,
} from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import type { StatusError } from '../errors/index.ts';
import { markUnsent } from '../guard/index.ts';
import { boundStream, isStream } from './bound-stream.ts';
import { readDeadline } from './call-headers.ts';
import { type Codecs, createCodecs } from './codec/codecs.ts';
import { decodeStatus, encodeStatus } from './error-codec.ts';
import { type InboundCall, type InboundCalls, inboundFailure } from './inbound-call.ts';
import { entriesOf } from './metadata-entries.ts';
import { RpcErrors } from './rpc-errors.ts';
import type { Payload, ServerMethod } from './server-method.ts';

/**
 * Connects clients and servers of one process, by the servers' names. A call runs through the same two chains as over a
 * socket: its message is copied through the binary form, its fields and time left through the header form, its error
 * through google.rpc.Status, and each side has a Context of its own. So services that share a process can be split without
 * a change in behaviour.
 */
export interface LocalNetwork {
  /** The lane of its servers: a call of another lane goes to them only where it would fall to the baseline. */
  readonly lane: string;
  /** The servers that calls to this name go to, in turn. Empty: clients use their resolver. */
  readonly names: readonly string[];
}

/** One server in the network. */
export interface LocalServer {
  readonly base: Context;
  readonly methods: ReadonlyMap<string, ServerMethod>;
  readonly calls: InboundCalls;
  /** Undefined: everything is admitted. */
  readonly admit: Admit | undefined;
  readonly maxMessageBytes: number;
}

/** One that was found: its calls are written and read with the codecs of the network. */
export interface AttachedServer extends LocalServer {
  readonly codecs: Codecs;
}

/** Messages or streams of messages, in their binary form. */
export type LocalPayload = Uint8Array | AsyncIterable<Uint8Array>;

/** What goes with a call beside its message and its fields, and who hears what comes back. */
export interface LocalMetadata {
  readonly pairs?: readonly string[] | undefined;
  readonly reception?: Reception | undefined;
}

export interface LocalNetworkOptions {
  /** The lane of all servers in it. Default: '', the baseline. */
  readonly lane?: string;
}

export function createLocalNetwork({ lane = '' }: LocalNetworkOptions = {}): LocalNetwork {
  return new Network(lane);
}

class Network implements LocalNetwork {
  readonly lane: string;
  readonly #servers = new Map<string, AttachedServer[]>();
  readonly #codecs = createCodecs();
  #turn = 0;

  constructor(lane: string) {
    this.lane = lane;
  }

  get names(): readonly string[] {
    return [...this.#servers.keys()];
  }

  attach(name: string, server: LocalServer): () => void {
    const attached = { ...server, codecs: this.#codecs };
    this.#servers.set(name, [...(this.#servers.get(name) ?? []), attached]);
    return () => {
      const left = (this.#servers.get(name) ?? []).filter((other) => other !== attached);
      if (left.length === 0) this.#servers.delete(name);
      else this.#servers.set(name, left);
    };
  }

  find(name: string): AttachedServer | undefined {
    const servers = this.#servers.get(name);
    return servers?.[this.#turn++ % servers.length];
  }
}

/** Takes part under a name until the result is called. */
export function attach(network: LocalNetwork, name: string, server: LocalServer): () => void {
  return inner(network).attach(name, server);
}

/** A server of this name, if one is in this process. */
export function find(network: LocalNetwork, name: string): AttachedServer | undefined {
  return inner(network).find(name);
}

function inner(network: LocalNetwork): Network {
  if (network instanceof Network) return network;
  throw new TypeError('the local network was not made by createLocalNetwork');
}

/**
 * One call as the server sees it. `caller` is the caller's Context: of it the server learns only that it ended. Fails with
 * what came through the error's wire form.
 */
export async function serveLocally(
  server: AttachedServer,
  path: string,
  header: GetHeader,
  input: LocalPayload,
  caller: Context,
  metadata: LocalMetadata = {},
): Promise<LocalPayload> {
  const method = server.methods.get(path);
  if (method === undefined) throw copied(RpcErrors.METHOD_NOT_FOUND(`this server has no method "${path}"`));
  const sizeBytes = isStream(input) ? undefined : input.byteLength;
  const known = { sizeBytes, timeoutMs: readDeadline(header), fields: readFields(header) };
  const opened = server.calls.open(server.base, method, known, server.admit);
  if ('error' in opened && 'admitted' in opened) throw markUnsent(copied(errorOfRejection(opened)), 'server');
  if (metadata.pairs !== undefined) opened.metadata = new CallMetadata(() => entriesOf(metadata.pairs ?? []));
  // A caller that has left hears nothing: it may have made the call elsewhere.
  const reception = () => (caller.err() === undefined ? metadata.reception : undefined);
  const leave = caller.onDone(() => opened.ctx.cancel(RpcErrors.CALLER_LEFT('the caller left')));
  const close = () => {
    leave();
    server.calls.close(opened);
  };
  try {
    const request = decode(server, opened, input);
    opened.reached = true;
    const output = await method.run(opened.ctx, request);
    if (isStream(output))
      return eager(encodeStream(server, opened, output as AsyncIterable<Message>, close, reception));
    const bytes = encode(server, opened, output);
    tellTrailers(opened, reception());
    close();
    return bytes;
  } catch (error) {
    const failure = inboundFailure(opened, error);
    tellTrailers(opened, reception());
    close();
    throw copied(failure);
  }
}

/** What the handler set of headers, before the first message. */
function tellHeaders(call: InboundCall, reception: Reception | undefined): void {
  if (call.hasBegun) return;
  call.hasBegun = true;
  reception?.headers(entriesOf(call.metadata?.headers ?? []));
}

/** What it set of both, as far as it is not told. */
function tellTrailers(call: InboundCall, reception: Reception | undefined): void {
  tellHeaders(call, reception);
  if (call.isOver) return;
  call.isOver = true;
  reception?.end(entriesOf(call.metadata?.trailers ?? []));
}

function decode(server: AttachedServer, call: InboundCall, input: LocalPayload): Payload {
  const codec = server.codecs.codec(call.method.desc.input);
  const read = (bytes: Uint8Array): Message => {
    if (bytes.byteLength > server.maxMessageBytes) throw tooLarge('the request', server.maxMessageBytes);
    return codec.decode(bytes);
  };
  if (!isStream(input)) return read(input);
  return (async function* () {
    for await (const bytes of boundStream(call.ctx, input)) yield read(bytes);
  })();
}

function encode(server: AttachedServer, call: InboundCall, message: Message): Uint8Array {
  const bytes = server.codecs.codec(call.method.desc.output).encode(message);
  if (bytes.byteLength > server.maxMessageBytes) throw tooLarge('the answer', server.maxMessageBytes);
  return bytes;
}

async function* encodeStream(
  server: AttachedServer,
  call: InboundCall,
  messages: AsyncIterable<Message>,
  close: () => void,
  reception: () => Reception | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const message of messages) {
      tellHeaders(call, reception());
      yield encode(server, call, message);
    }
  } catch (error) {
    throw copied(inboundFailure(call, error));
  } finally {
    tellTrailers(call, reception());
    close();
  }
}

/** Starts the stream at once, as over a socket, so that its end is reached also where nobody reads it. */
function eager<T>(source: AsyncGenerator<T>): AsyncIterable<T> {
  let first: Promise<IteratorResult<T>> | undefined = source.next();
  first.catch(() => {});
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        const step = first ?? source.next();
        first = undefined;
        return step;
      },
      return: () => source.return(undefined),
    }),
  };
}

function tooLarge(which: string, maxBytes: number): StatusError {
  return RpcErrors.MESSAGE_TOO_LARGE(`a message of ${which} is larger than the limit of ${maxBytes} bytes`);
}

/** The error as it would come over a wire. */
function copied(error: StatusError): StatusError {
  return decodeStatus(encodeStatus(error));
}
