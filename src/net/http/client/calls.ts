import type { Context } from '../../../concurrency/index.ts';
import {
  chain,
  type GuardRoute,
  type Handler,
  instrument,
  type MethodInfo,
  type MethodKind,
} from '../../../service/index.ts';
import type { HttpMethod } from '../request.ts';
import type { HttpClientRequest, HttpClientStreamRequest, Settings } from './client-options.ts';
import { decompressed } from './decompress.ts';
import { clientClosed } from './failure.ts';
import { type Outgoing, outgoing } from './outgoing.ts';
import { ConnectionPool } from './pool.ts';
import { type HttpResponse, type HttpStreamingResponse, headOf } from './response.ts';
import { callNode, isWhole } from './target.ts';
import { codingOfAnswer, type OpenAnswer, Transport } from './transport.ts';

type Send = Handler<HttpClientRequest, HttpResponse>;

/** A call whose answer is a stream. Its head does not fit through the middleware, which sees streams as what they yield. */
interface StreamCall {
  readonly request: HttpClientStreamRequest;
  answer: OpenAnswer | undefined;
}
type Open = Handler<StreamCall, AsyncIterable<Uint8Array>>;

/** More names than this in one client are a mistake (an id in a name): the rest share the method's. */
const maxOperations = 200;

/** The calls of one client: each operation with its middleware and telemetry, and the count of those that run. */
export class Calls {
  readonly #settings: Settings;
  readonly #base: URL | undefined;
  readonly #pool: ConnectionPool;
  readonly #transport: Transport;
  readonly #sends = new Map<string, Send>();
  readonly #opens = new Map<string, Open>();
  readonly #unguarded = new Map<string, Open>();
  #isClosed = false;

  constructor(base: URL | undefined, settings: Settings) {
    this.#base = base;
    this.#settings = settings;
    this.#pool = new ConnectionPool(settings);
    this.#transport = new Transport(settings, this.#pool);
  }

  async request(parent: Context, request: HttpClientRequest): Promise<HttpResponse> {
    if (this.#isClosed) throw clientClosed();
    const send = operation(this.#sends, request, (method, name) => this.#wrap(this.#send, method, name, 'unary'));
    const timeoutMs = request.timeoutMs ?? this.#settings.timeoutMs;
    if (timeoutMs === 0) return send(parent, request);
    using ctx = parent.withTimeout(timeoutMs);
    return await send(ctx, request);
  }

  /** `isGuarded`: not for whoever asks again himself. */
  async stream(ctx: Context, request: HttpClientStreamRequest, isGuarded = true): Promise<HttpStreamingResponse> {
    if (this.#isClosed) throw clientClosed();
    const open = operation(isGuarded ? this.#opens : this.#unguarded, request, (method, name) =>
      this.#wrap(this.#open, method, name, 'server_stream', isGuarded),
    );
    const call: StreamCall = { request, answer: undefined };
    const body = await open(ctx, call);
    // Without one a middleware answered in our place, with the body that it wanted.
    const { outgoing: sent, status, headers } = call.answer ?? unanswered;
    const head = headOf(headers, sent !== undefined && codingOfAnswer(sent, headers) !== undefined);
    return {
      status,
      ...head,
      header: (name) => head.headers[name.toLowerCase()],
      body,
      async [Symbol.asyncDispose]() {
        await body[Symbol.asyncIterator]().return?.();
      },
    };
  }

  async close(ctx: Context): Promise<void> {
    this.#isClosed = true;
    await this.#pool.close(ctx);
    await this.#settings.target?.close();
  }

  async cut(): Promise<void> {
    this.#isClosed = true;
    this.#pool.cut();
    await this.#settings.target?.close();
  }

  readonly #send: Send = async (ctx, request) => {
    ctx.throwIfDone();
    return this.#atNode(ctx, request, (sent) => this.#transport.request(ctx, sent));
  };

  /** Each try of a call to a target is one at a node of its. */
  #atNode<T extends { readonly status: number }>(
    ctx: Context,
    request: HttpClientRequest,
    send: (sent: Outgoing) => Promise<T>,
  ): Promise<T> {
    const settings = this.#settings;
    const { target } = settings;
    if (target === undefined || isWhole(request.url)) return send(outgoing(request, this.#base, settings));
    const { method = 'GET', operation: name = method } = request;
    return callNode(ctx, target, name, (base) => send(outgoing(request, base, settings, target)));
  }

  readonly #open: Open = async (ctx, call) => {
    ctx.throwIfDone();
    const { idleTimeoutMs = 0, timeoutMs = this.#settings.timeoutMs } = call.request;
    const answer = await this.#atNode(ctx, call.request, (sent) =>
      this.#waitForHead(ctx, timeoutMs, sent, idleTimeoutMs),
    );
    call.answer = answer;
    const coding = codingOfAnswer(answer.outgoing, answer.headers);
    return coding === undefined ? answer.body : decompressed(answer.outgoing.source, coding, answer.body);
  };

  async #waitForHead(ctx: Context, timeoutMs: number, sent: Outgoing, idleTimeoutMs: number): Promise<OpenAnswer> {
    if (timeoutMs === 0) return this.#transport.open(ctx, ctx, sent, idleTimeoutMs);
    using headCtx = ctx.withTimeout(timeoutMs);
    return await this.#transport.open(headCtx, ctx, sent, idleTimeoutMs);
  }

  /** For its guard: the input is a request, or a call that has one. */
  readonly #route: GuardRoute<HttpClientRequest | StreamCall> = {
    targetOf: (input) =>
      originOf('request' in input ? input.request.url : input.url, this.#settings.target?.name ?? this.#base?.origin),
    isReplayable: (input) => !this.#isClosed && !isStream('request' in input ? input.request.body : input.body),
  };

  #wrap<I, O>(
    handler: Handler<I, O>,
    method: HttpMethod,
    name: string,
    kind: MethodKind,
    isGuarded = true,
  ): Handler<I, O> {
    const info: MethodInfo = {
      service: this.#settings.target?.name ?? this.#base?.host ?? '',
      method: name,
      kind,
      side: 'client',
      transport: 'http',
      idempotent: method !== 'POST' && method !== 'PATCH',
      timeoutMs: kind === 'unary' ? this.#settings.timeoutMs : 0,
    };
    const { middleware, guard } = this.#settings;
    const guarded = guard === undefined || !isGuarded ? [] : [guard.routed(this.#route)];
    return chain([...middleware, ...guarded, instrument])(handler, info);
  }
}

/** Without a look into the address that the transport does again. What is none is found there. */
function originOf(url: string, base = ''): string {
  const scheme = url.indexOf('://');
  if (scheme < 0) return base;
  const end = url.slice(scheme + 3).search(/[/?#]/);
  return end < 0 ? url : url.slice(0, scheme + 3 + end);
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

const unanswered = { outgoing: undefined, status: 200, headers: {} } as const;

/** The handler of a request's operation, made when it is called for the first time. */
function operation<H>(
  known: Map<string, H>,
  request: HttpClientRequest,
  make: (method: HttpMethod, name: string) => H,
): H {
  const { method = 'GET', operation: name = method } = request;
  const key = `${method} ${name}`;
  let handler = known.get(key);
  if (handler === undefined) {
    const isFull = known.size >= maxOperations;
    if (isFull && name !== method) return operation(known, { ...request, operation: method }, make);
    handler = make(method, name);
    known.set(key, handler);
  }
  return handler;
}
