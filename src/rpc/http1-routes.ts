import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { fieldsOf } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import {
  bytes,
  type HttpReply,
  type HttpRequest,
  type HttpRequestHead,
  type Router,
  stream,
  streamed,
} from '../net/http/index.ts';
import type { Dispatcher } from './dispatcher.ts';
import { requestBytes } from './request-bytes.ts';
import { RpcErrors } from './rpc-errors.ts';
import type { ServerMethod } from './server-method.ts';

/**
 * Serves the methods over HTTP/1.1, as routes of the HTTP server: Connect (POST, and GET for methods without side effects)
 * and gRPC-Web. The HTTP call is the RPC's parent: its span, its fields, its end.
 */
export function addRpcRoutes(router: Router, dispatcher: Dispatcher, methods: readonly ServerMethod[]): void {
  const handler = (ctx: Context, req: StreamedRequest) => serve(ctx, req, dispatcher);
  for (const { path, desc } of methods) {
    router.post(path, options, handler);
    if (desc.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS) router.get(path, options, handler);
  }
  for (const service of new Set(methods.map(({ info }) => info.service))) {
    router.post(`/${service}/:method`, options, handler);
  }
}

/** What answers where no route does: `unimplemented`, where RPC is spoken. A browser that went astray gets its 404. */
export function unknownRpc(dispatcher: Dispatcher): (request: HttpRequestHead) => Promise<HttpReply> | undefined {
  return (request) => {
    const { method, path, url } = request;
    const target = method === 'GET' ? path + url.search : path;
    const exchange = dispatcher.unknown({ verb: method, target, header: (name) => request.header(name) });
    return exchange?.response.then(wholeReply);
  };
}

type StreamedRequest = HttpRequest<
  unknown,
  unknown,
  Readonly<Record<string, string | undefined>>,
  AsyncIterable<Uint8Array>
>;

/** The method has limits of its own, on time and on each message. */
const options = { body: streamed(), timeoutMs: 0, maxBodyBytes: Number.MAX_SAFE_INTEGER };

async function serve(ctx: Context, req: StreamedRequest, dispatcher: Dispatcher): Promise<HttpReply> {
  const verb = req.method === 'HEAD' ? 'GET' : req.method;
  const exchange = dispatcher.start(ctx, {
    httpVersion: '1.1',
    verb,
    target: verb === 'GET' ? req.path + req.url.search : req.path,
    header: (name) => req.header(name),
    *headers() {
      for (const [name, value] of Object.entries(req.headers)) if (value !== undefined) yield [name, value];
    },
    body: (call) => requestBytes(call, () => req.body[Symbol.asyncIterator]()),
    fields: fieldsOf(ctx),
  });
  if (exchange === undefined) throw RpcErrors.METHOD_NOT_FOUND(`this server has no method "${req.path.slice(0, 200)}"`);
  // The HTTP call ends when its answer is written or its client is gone.
  ctx.onDone(() => exchange.finish());
  return replyOf(await exchange.response);
}

async function replyOf(response: UniversalServerResponse): Promise<HttpReply> {
  const { status, header, body } = response;
  const isWhole = header?.has('content-length') ?? false;
  if (body === undefined || isWhole) return wholeReply(response);
  return stream(body, { status, headers: headersOf(header) });
}

async function wholeReply({ status, header, body }: UniversalServerResponse): Promise<HttpReply> {
  return bytes(await whole(body), { status, headers: headersOf(header) });
}

function headersOf(header: Headers | undefined): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = Object.fromEntries(
    [...(header ?? [])].filter(([name]) => !ofTheServer.has(name)),
  );
  if (headers['set-cookie'] !== undefined) headers['set-cookie'] = header?.getSetCookie() ?? [];
  return headers;
}

async function whole(body: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  if (body !== undefined) for await (const chunk of body) chunks.push(chunk);
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}

/** What frames a message belongs to the HTTP server. */
const ofTheServer: ReadonlySet<string> = new Set(['content-length', 'connection', 'transfer-encoding']);
