import type { DescMethod, DescService, JsonValue, Message } from '@bufbuild/protobuf';
import type { Context } from '../../concurrency/index.ts';
import type { Registry, Resolver } from '../../discovery/index.ts';
import {
  createHttpServer,
  createRouter,
  events,
  type HttpHandler,
  type HttpHeaders,
  type HttpMethod,
  type HttpQuery,
  type HttpServer,
  type HttpServerOptions,
  json,
  type PathParams,
  type RouteOptions,
  type Router,
  rawJson,
  type ServerSentEvent,
} from '../../net/http/index.ts';
import {
  createRpcClient,
  type HttpRule,
  httpRules,
  type LocalNetwork,
  type RpcClient,
  requestMessage,
  responseJson,
} from '../../rpc/index.ts';
import { type Access, type AuthOptions, priorityOf } from './auth.ts';
import { authorize } from './authorize.ts';
import { border } from './border.ts';
import { type CorsOptions, cors } from './cors.ts';
import { addExplorer } from './explorer.ts';
import { type FieldRules, fieldsFromOutside, type Recognize } from './field-rules.ts';
import { SchemaCollection } from './json-schema.ts';
import { KnownLanes, tellLane } from './known-lanes.ts';
import { hasOpenLanes } from './lane-choice.ts';
import { laneDoor } from './lane-door.ts';
import { type OpenApiDocument, type OpenApiInfo, type Operation, openApiDocument } from './openapi.ts';
import { operationOf } from './operations.ts';
import type { ProtoComments } from './proto-comments.ts';
import { operationOfRoute, type RouteDescription } from './route-description.ts';

/** A service behind the gateway. Made by {@link expose}. */
export interface ExposedService {
  readonly service: DescService;
  readonly options: ExposeOptions;
}

export interface ExposeOptions<S extends DescService = DescService> {
  /** The name under which the service registers. */
  readonly target: string;
  /** What its routes ask of callers, by the local name of the method. Default: the gateway's `auth.access`. */
  readonly access?: { readonly [K in keyof S['method']]?: Access };
  /** The longest that a call to it may last, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number;
  /** The comments of its .proto files, written by protoc-gen-comments: for the OpenAPI document. Default: none. */
  readonly comments?: ProtoComments;
}

/** Puts the annotated methods of a service behind a gateway; the others stay inside, but for the gateway's own routes. */
export function expose<S extends DescService>(service: S, options: ExposeOptions<S>): ExposedService {
  return { service, options: options as ExposeOptions };
}

export interface GatewayOptions {
  /** The gateway in telemetry and in the registry, and the group of its own routes in the OpenAPI document. */
  readonly name: string;
  readonly services: readonly ExposedService[];
  readonly resolver: Resolver;
  /**
   * Tells callers that name a lane in which nobody is, and leads those to a lane's own gateway who name it by the host. Default:
   * they are served here, without a word.
   */
  readonly registry?: Registry;
  /** Services of the same process. Default: none. */
  readonly local?: LocalNetwork | undefined;
  readonly auth: AuthOptions;
  /** What strangers may say in the headers that travel. Default: a trace and a time limit of at most 15 s; no lane. */
  readonly fields?: FieldRules;
  /** Pages of other origins that may call. Default: none. */
  readonly cors?: CorsOptions;
  readonly openapi: OpenApiInfo;
  /** Where the explorer shows a trace: `http://127.0.0.1:8081/#/traces/{traceId}`. Default: it shows the id alone. */
  readonly traceUrl?: string;
}

/** A route of the gateway's own: composed answers, uploads, streams. */
export interface GatewayRouteOptions<P, Q, H, B> extends RouteOptions<P, Q, H, B> {
  /** Default: the gateway's `auth.access`. */
  readonly access?: Access;
  /** Default: the route is not in the OpenAPI document. */
  readonly describe?: RouteDescription;
}

/** The border of a fleet. */
export interface Gateway extends Disposable {
  /** The routes, for pages and the like: what is added here is open to everybody. */
  readonly router: Router;
  /** Adds a route of one's own. The types of `req` follow from the path and the options, as on a router. */
  route<Path extends string, P = PathParams<Path>, Q = HttpQuery, H = HttpHeaders, B = undefined>(
    method: HttpMethod,
    path: Path,
    options: GatewayRouteOptions<P, Q, H, B>,
    handler: HttpHandler<P, Q, H, B>,
  ): void;
  /** The client of an exposed service. Throws a TypeError for one that is not. */
  client<S extends DescService>(service: S): RpcClient<S>;
  /** The OpenAPI document of what is there now. */
  document(): OpenApiDocument;
  /** The server, with the trust boundary in place. Further options are those of an HTTP server. */
  server(options: Omit<HttpServerOptions, 'router' | 'name' | 'fields'>): HttpServer;
}

/**
 * Puts services behind one HTTP/JSON door: routes from the google.api.http annotations, authentication, and nothing from
 * outside but what its rules let in; `/openapi.json` and a page that tries it at `/explorer`. Disposing it closes the
 * connections to the services.
 *
 * Throws a TypeError for annotations that cannot be served and for two routes that match the same paths.
 */
export function createGateway(options: GatewayOptions): Gateway {
  return new RpcGateway(options);
}

type AnyCall = (ctx: Context, request: Message) => Promise<Message> | AsyncIterable<Message>;

class RpcGateway implements Gateway {
  readonly router = createRouter();
  readonly #options: GatewayOptions;
  readonly #clients = new Map<DescService, RpcClient<DescService>>();
  readonly #comments: ProtoComments;
  readonly #schemas: SchemaCollection;
  readonly #operations: Operation[] = [];
  readonly #knownLanes: KnownLanes | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#knownLanes = options.registry && new KnownLanes(options.registry);
    this.#comments = Object.assign({}, ...options.services.map((exposed) => exposed.options.comments ?? {}));
    this.#schemas = new SchemaCollection(this.#comments);
    for (const exposed of options.services) this.#expose(exposed);
    addExplorer(this.router, () => this.document());
  }

  route<P, Q, H, B>(
    method: HttpMethod,
    path: string,
    options: GatewayRouteOptions<P, Q, H, B>,
    handler: HttpHandler<P, Q, H, B>,
  ): void {
    const { access = this.#defaultAccess, describe, middleware = [], ...rest } = options;
    const guarded = { ...rest, middleware: [authorize(access, this.#options.auth), ...middleware] };
    this.router.route<string, P, Q, H, B>(method, path, guarded, handler);
    if (describe === undefined) return;
    const about = { access, tag: this.#options.name, schemas: this.#schemas };
    this.#operations.push(
      operationOfRoute(method, path, options as RouteOptions<never, never, never, never>, describe, about),
    );
  }

  client<S extends DescService>(service: S): RpcClient<S> {
    const client = this.#clients.get(service);
    if (client === undefined) {
      throw new TypeError(
        `the gateway ${this.#options.name} does not expose ${service.typeName}; add it to its services`,
      );
    }
    return client as unknown as RpcClient<S>;
  }

  document(): OpenApiDocument {
    const { openapi: info, services, name, traceUrl } = this.#options;
    const known = new Map(services.map(({ service }) => [service.name, this.#comments[service.typeName]]));
    known.set(name, 'Routes that the gateway answers itself.');
    const tags = [...new Set(this.#operations.map(({ tag }) => tag))].map((tag) => ({
      name: tag,
      description: known.get(tag),
    }));
    const parts = { info, operations: this.#operations, tags, schemas: this.#schemas.components() };
    return { ...openApiDocument(parts), ...(traceUrl !== undefined && { 'x-flotilla-trace-url': traceUrl }) };
  }

  server({ middleware = [], ...options }: Omit<HttpServerOptions, 'router' | 'name' | 'fields'>): HttpServer {
    const { name, auth, fields = {}, registry, cors: corsOptions } = this.#options;
    const { endpoint = 'http', listener } = options;
    this.document();
    const door =
      listener !== undefined && registry !== undefined && hasOpenLanes(fields)
        ? { listener: laneDoor(listener, { registry, service: name, endpoint, rules: fields }) }
        : undefined;
    return createHttpServer({
      ...options,
      ...door,
      name,
      router: this.router,
      fields: fieldsFromOutside(fields, recognizeBy(auth)),
      // Whom admission took the caller for ends here: a route that does not ask is called by nobody.
      middleware: [
        ...(corsOptions === undefined ? [] : [cors(corsOptions)]),
        border,
        tellLane(this.#knownLanes, fields),
        ...middleware,
        authorize('public', auth),
      ],
    });
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client[Symbol.dispose]();
    this.#knownLanes?.[Symbol.dispose]();
  }

  get #defaultAccess(): Access {
    return this.#options.auth.access ?? 'required';
  }

  #expose({ service, options: { target, access = {}, timeoutMs = 5_000 } }: ExposedService): void {
    const { resolver, local } = this.#options;
    const client = createRpcClient(service, { target, resolver, timeoutMs, ...(local !== undefined && { local }) });
    this.#clients.set(service, client);
    const calls = client as unknown as Readonly<Record<string, AnyCall>>;
    const ordinals = new Map<DescMethod, number>();
    for (const rule of httpRules(service)) {
      const { localName } = rule.method;
      const ordinal = (ordinals.get(rule.method) ?? 0) + 1;
      ordinals.set(rule.method, ordinal);
      this.#addRule(
        rule,
        ordinal,
        (access as Readonly<Record<string, Access>>)[localName] ?? this.#defaultAccess,
        calls[localName]!,
      );
    }
  }

  #addRule(rule: HttpRule, ordinal: number, access: Access, call: AnyCall): void {
    const isStream = rule.method.methodKind === 'server_streaming';
    const options = {
      middleware: [authorize(access, this.#options.auth)],
      ...(rule.body !== undefined && { body: rawJson() }),
      ...(isStream && { timeoutMs: 0 }),
    };
    this.router.route<string, Readonly<Record<string, string>>, HttpQuery, HttpHeaders, unknown>(
      rule.verb,
      rule.route,
      options,
      async (ctx, req) => {
        const output = call(ctx, requestMessage(rule, req));
        return isStream
          ? events(asEvents(rule, output as AsyncIterable<Message>))
          : json(responseJson(rule, await (output as Promise<Message>)));
      },
    );
    this.#operations.push(operationOf(rule, ordinal, { access, comments: this.#comments, schemas: this.#schemas }));
  }
}

/** Admission believes only what was checked before; the chain checks it again, and then it holds for the whole call. */
function recognizeBy({ authenticate, priority = priorityOf }: AuthOptions): Recognize {
  return (header) => {
    const identity = authenticate.recognize?.(header);
    const { tenant = '', principal = '' } = identity ?? {};
    return { tenant, principal, priority: priority(identity) };
  };
}

/** A stream of messages as server-sent events, one each. */
async function* asEvents(rule: HttpRule, messages: AsyncIterable<Message>): AsyncGenerator<ServerSentEvent> {
  for await (const message of messages) yield { data: responseJson(rule, message) satisfies JsonValue };
}
