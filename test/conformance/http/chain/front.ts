import { background, type Context } from 'flotilla/concurrency';
import {
  client,
  createHttpServer,
  createRouter,
  type HttpHeaders,
  type HttpMethod,
  type HttpRequest,
  stream,
  streamed,
} from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';

/** A request as the front understood it. */
export interface Forwarded {
  readonly method: string;
  /** As it goes on. */
  readonly target: string;
  /** What it has read of the body. */
  body: string;
  /** The whole body was read. */
  isComplete: boolean;
}

export interface Front extends AsyncDisposable {
  readonly port: number;
  /** By the id that the request bears on its way to the back end. */
  readonly forwarded: ReadonlyMap<string, Forwarded>;
}

const methods: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
  'host',
  'x-front-id',
]);

/** A reverse proxy of our server and our client, which streams bodies both ways and keeps connections to the back end. */
export async function startFront(backPort: number): Promise<Front> {
  const origin = `http://127.0.0.1:${backPort}`;
  const api = client({ sendFields: false, decompress: false, maxConnectionsPerOrigin: 4, timeoutMs: 5_000 });
  const forwarded = new Map<string, Forwarded>();
  const router = createRouter();
  const forward = async (ctx: Context, request: AnyRequest) => {
    const id = (forwarded.size + 1).toString(16);
    // Our client sends what the URL parser makes of it.
    const { pathname, search } = new URL(origin + request.path + request.url.search);
    const target = pathname + search;
    const seen: Forwarded = { method: request.method, target, body: '', isComplete: !hasBody(request) };
    forwarded.set(id, seen);
    const response = await api.stream(ctx, {
      method: request.method as HttpMethod,
      url: origin + target,
      headers: { ...endToEnd(request), 'x-front-id': id },
      ...(hasBody(request) && { body: noted(request.body, seen) }),
      acceptErrors: true,
    });
    return stream(response.body, {
      status: response.status,
      headers: { 'x-front-id': id, ...echoed(response.headers) },
    });
  };
  for (const method of methods) router.route(method, '/*rest', { body: streamed() }, forward);
  const server = createHttpServer({
    name: 'front',
    router,
    listener: tcpListener({ port: 0 }),
    headersTimeoutMs: 400,
    requestTimeoutMs: 400,
    keepAliveMs: 400,
    drainGraceMs: 0,
  });
  const [endpoint] = await server.start(background());
  return {
    port: Number(new URL(endpoint!.url).port),
    forwarded,
    async [Symbol.asyncDispose]() {
      await server.stop(background().withTimeout(2_000));
      await api[Symbol.asyncDispose]();
    },
  };
}

type AnyRequest = HttpRequest<unknown, unknown, unknown, AsyncIterable<Uint8Array>>;

function hasBody(request: AnyRequest): boolean {
  return request.header('content-length') !== undefined || request.header('transfer-encoding') !== undefined;
}

/** What a proxy passes on (RFC 9110, section 7.6.1): not what Connection names. */
function endToEnd(request: AnyRequest): Record<string, string> {
  const named = new Set((request.header('connection') ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers as Record<string, string>)) {
    if (!hopByHop.has(name) && !named.has(name)) headers[name] = value;
  }
  return headers;
}

/** The ids that the back end got, for whoever is before us. */
function echoed(headers: HttpHeaders): Record<string, string> {
  const names = ['x-back-id', 'x-unique-id'];
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

async function* noted(body: AsyncIterable<Uint8Array>, seen: Forwarded): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    seen.body += Buffer.from(chunk).toString('latin1');
    yield chunk;
  }
  seen.isComplete = true;
}
