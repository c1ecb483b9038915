import { createContextValues } from '@connectrpc/connect';
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol';
import {
  type Admit,
  type CallFields,
  CallMetadata,
  errorOfRejection,
  type GetHeader,
  readFields,
  refusedHeader,
  transportOf,
} from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import { isDeadlineHeader, readDeadline } from './call-headers.ts';
import { callKey, connectHandler } from './connect-handlers.ts';
import { errorResponse } from './error-response.ts';
import type { InboundCall, InboundCalls } from './inbound-call.ts';
import { finishErrors } from './response-errors.ts';
import { RpcErrors } from './rpc-errors.ts';
import type { ServerMethod } from './server-method.ts';
import { howToCall, speaksRpc, type Wire, wireOf } from './wire.ts';

/** A request as the transports hand it over: nothing of its body is read. */
export interface RpcRequest {
  readonly httpVersion: '1.1' | '2.0';
  readonly verb: string;
  /** Path and query. */
  readonly target: string;
  readonly header: GetHeader;
  /** Read already, by whoever decides which to believe. Default: those of the headers. */
  readonly fields?: CallFields;
  headers(): Iterable<readonly [string, string]>;
  /** Reads the body; called at most once. Must throw when the Context ends. */
  body(ctx: Context): AsyncIterable<Uint8Array>;
}

/** An answer under way. */
export interface RpcExchange {
  readonly response: Promise<UniversalServerResponse>;
  /** The caller is gone: ends the call's Context. */
  abandon(cause: unknown): void;
  /** To be called when the last byte is written or nobody waits for it. */
  finish(): void;
}

export interface DispatcherOptions {
  readonly methods: readonly ServerMethod[];
  readonly calls: InboundCalls;
  /** Undefined: everything is admitted. */
  readonly admit: Admit | undefined;
  readonly maxMessageBytes: number;
}

/** Finds the method of a request, opens the call and runs it through the protocol's handler. */
export class Dispatcher {
  readonly #entries = new Map<string, { readonly method: ServerMethod; readonly handler: UniversalHandler }>();
  readonly #services = new Set<string>();
  readonly #calls: InboundCalls;
  readonly #admit: Admit | undefined;
  readonly #maxMessageBytes: number;

  constructor({ methods, calls, admit, maxMessageBytes }: DispatcherOptions) {
    this.#calls = calls;
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
    const type = request.header('content-type');
    const wire = wireOf(request.verb, type);
    const entry = this.#entries.get(path);
    if (entry === undefined) return this.unknown(request);
    const { method, handler } = entry;
    if (wire === undefined) {
      const name = `${method.info.service}/${method.info.method}`;
      const error = RpcErrors.UNSUPPORTED_MEDIA_TYPE(
        `${name} does not speak the content type "${type ?? ''}"; ${howToCall(method.desc)}`,
      );
      return answered(errorResponse(undefined, error), 415);
    }
    if (wire.protocol === 'grpc' && request.httpVersion !== '2.0') {
      return answered(errorResponse(undefined, RpcErrors.UNSUPPORTED_MEDIA_TYPE('gRPC needs HTTP/2')), 505);
    }
    const { header, fields = readFields(header) } = request;
    const timeoutMs = readDeadline(header);
    const { address, peer } = transportOf(base) ?? {};
    const known = { sizeBytes: lengthOf(header), timeoutMs, fields, address, peer };
    const opened = this.#calls.open(base, method, known, this.#admit);
    if ('error' in opened && 'admitted' in opened) {
      const { retryAfterMs } = opened;
      const after = retryAfterMs === undefined ? undefined : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
      return answered(errorResponse(wire, errorOfRejection(opened), { ...after, [refusedHeader]: '1' }));
    }
    opened.metadata = new CallMetadata(() => request.headers());
    return {
      response: this.#answer(opened, wire, handler, request),
      abandon: (cause) => opened.ctx.cancel(cause),
      finish: () => this.#calls.close(opened),
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

  /** The answer to a request that names no method, in the protocol that it speaks. Undefined if that is none of RPC. */
  unknown({ verb, target, header }: Pick<RpcRequest, 'verb' | 'target' | 'header'>): RpcExchange | undefined {
    const [path = '', query = ''] = target.split('?', 2);
    // One that is there does not take the verb, which is another answer.
    if (this.#entries.has(path)) return undefined;
    const wire = wireOf(verb, header('content-type'));
    const isGet = verb === 'GET' && /(?:^|&)connect=v1(?:&|$)/.test(query);
    const service = path.slice(1, Math.max(1, path.lastIndexOf('/')));
    if (!isGet && !speaksRpc(wire, header) && !this.#services.has(service)) return undefined;
    return answered(
      errorResponse(wire, RpcErrors.METHOD_NOT_FOUND(`this server has no method "${path.slice(0, 200)}"`)),
    );
  }
}

function answered(response: UniversalServerResponse, status = response.status): RpcExchange {
  return { response: Promise.resolve({ ...response, status }), abandon: () => {}, finish: () => {} };
}

function lengthOf(header: GetHeader): number | undefined {
  const text = header('content-length');
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** For the library: without the deadline, which our Context keeps, unless the library must refuse its form. */
function headersOf(request: RpcRequest): Headers {
  const headers = new Headers();
  const readable = readDeadline(request.header) !== undefined;
  for (const [name, value] of request.headers()) {
    if (!(readable && isDeadlineHeader(name))) headers.append(name, value);
  }
  return headers;
}
