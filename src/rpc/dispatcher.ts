import { createContextValues } from '@connectrpc/connect';
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { Admit, GetHeader, Permit } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import type { StatusError } from '../errors/index.ts';
import { callContext } from '../service/index.ts';
import { isDeadlineHeader, readHead } from './call-headers.ts';
import { callKey, connectHandler } from './connect-handlers.ts';
import { errorResponse } from './error-response.ts';
import { type InboundCall, RunningCalls } from './inbound-call.ts';
import { finishErrors } from './response-errors.ts';
import { RpcErrors } from './rpc-errors.ts';
import { headOf, type ServerMethod } from './server-method.ts';
import { speaksRpc, type Wire, wireOf } from './wire.ts';

/** A request as the transports hand it over: nothing of its body is read. */
export interface RpcRequest {
  readonly httpVersion: '1.1' | '2.0';
  readonly verb: string;
  /** Path and query. */
  readonly target: string;
  readonly header: GetHeader;
  headers(): Iterable<readonly [string, string]>;
  /** Reads the body; called at most once. Must throw when the Context ends. */
  body(ctx: Context): AsyncIterable<Uint8Array>;
}

/** An answer under way. `finish` is called exactly once, when its last byte is written or nobody waits for it. */
export interface RpcExchange {
  readonly response: Promise<UniversalServerResponse>;
  /** The caller is gone: ends the call's Context. */
  abandon(cause: unknown): void;
  finish(): void;
}

export interface DispatcherOptions {
  readonly methods: readonly ServerMethod[];
  readonly admit: Admit | undefined;
  readonly maxMessageBytes: number;
}

/** Finds the method of a request, admits the call, gives it a Context and runs it: the same for every transport. */
export class Dispatcher {
  readonly calls = new RunningCalls();
  readonly #entries = new Map<string, { readonly method: ServerMethod; readonly handler: UniversalHandler }>();
  readonly #services = new Set<string>();
  readonly #admit: Admit | undefined;
  readonly #maxMessageBytes: number;

  constructor({ methods, admit, maxMessageBytes }: DispatcherOptions) {
    this.#admit = admit;
    this.#maxMessageBytes = maxMessageBytes;
    for (const method of methods) {
      this.#entries.set(method.path, { method, handler: connectHandler(method, maxMessageBytes) });
      this.#services.add(method.info.service);
    }
  }

  /** Starts the call of a request. Undefined if the request is not RPC: a plain HTTP route may know it. */
  start(base: Context, request: RpcRequest): RpcExchange | undefined {
    const [path = ''] = request.target.split('?', 1);
    const wire = wireOf(request.verb, request.header('content-type'));
    const entry = this.#entries.get(path);
    if (entry === undefined) return this.#unknown(path, wire, request);
    const { method, handler } = entry;
    if (wire === undefined) {
      const type = request.header('content-type') ?? '';
      const name = `${method.info.service}/${method.info.method}`;
      return answered(
        errorResponse(undefined, RpcErrors.UNSUPPORTED_MEDIA_TYPE(`${name} does not speak the content type "${type}"`)),
        415,
      );
    }
    const length = Number(request.header('content-length') ?? Number.NaN);
    const head = headOf(method.desc, {
      ...readHead(request.header),
      sizeBytes: Number.isNaN(length) ? undefined : length,
    });
    const admission = this.#admit?.(head);
    if (admission?.admitted === false) {
      const { error, retryAfterMs } = admission;
      const extra: Record<string, string> =
        retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
      return answered(errorResponse(wire, error, extra));
    }
    const ctx = callContext(base, head, method.info.timeoutMs);
    const call: InboundCall = { method, ctx, startedAt: ctx.clock.now(), error: undefined, reached: false };
    this.calls.add(call);
    return {
      response: this.#answer(call, wire, handler, request),
      abandon: (cause) => ctx.cancel(cause),
      finish: () => this.#finish(call, admission),
    };
  }

  async #answer(
    call: InboundCall,
    wire: Wire,
    handler: UniversalHandler,
    request: RpcRequest,
  ): Promise<UniversalServerResponse> {
    const response = await handler({
      httpVersion: request.httpVersion,
      method: request.verb,
      url: `http://localhost${request.target}`,
      header: headersOf(request),
      body: request.body(call.ctx),
      signal: new AbortController().signal,
      contextValues: createContextValues().set(callKey, call),
    });
    return finishErrors(call, wire, response, this.#maxMessageBytes);
  }

  #finish(call: InboundCall, permit: Permit | undefined): void {
    const { ctx, method, error } = call;
    if (!call.reached) method.observe(ctx, error ?? ctx.err() ?? RpcErrors.CONNECTION_LOST('the caller left'));
    permit?.done({ error, durationMs: ctx.clock.now() - call.startedAt });
    this.calls.delete(call);
    ctx.cancel();
  }

  #unknown(path: string, wire: Wire | undefined, request: RpcRequest): RpcExchange | undefined {
    const service = path.slice(1, Math.max(1, path.lastIndexOf('/')));
    if (!speaksRpc(wire, request.header) && !this.#services.has(service)) return undefined;
    const error: StatusError = RpcErrors.METHOD_NOT_FOUND(`this server has no method "${path.slice(0, 200)}"`);
    return answered(errorResponse(wire, error));
  }
}

function answered(response: UniversalServerResponse, status = response.status): RpcExchange {
  return { response: Promise.resolve({ ...response, status }), abandon: () => {}, finish: () => {} };
}

/** For the library: without the deadline, which our Context keeps, unless the library must refuse it. */
function headersOf(request: RpcRequest): Headers {
  const headers = new Headers();
  const valid = readHead(request.header).timeoutMs !== undefined;
  for (const [name, value] of request.headers()) if (!(valid && isDeadlineHeader(name))) headers.append(name, value);
  return headers;
}
