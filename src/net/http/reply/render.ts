import type { HttpRequestHead } from '../request.ts';
import { jsonRenderer, type Renderer, RendererChoice, stringify } from './renderer.ts';
import { HttpReply, json, type ReplyOptions } from './reply.ts';
import { type ResponseSchema, serialiser } from './serialiser.ts';

/** What an answer must look like: one schema for all of a route's statuses, or one for each, with `default` for the others. */
export type ResponseSchemas =
  | ResponseSchema
  | { readonly [status: number]: ResponseSchema; readonly default?: ResponseSchema };

/** What a route says of how its values are sent. */
export interface RenderOptions {
  readonly response?: ResponseSchemas | undefined;
  readonly renderers?: readonly Renderer[] | undefined;
  readonly strictAccept?: boolean | undefined;
}

/** A value that its route is to render, with a status or headers of its own. Made by `data()`. */
export class DataReply {
  readonly value: unknown;
  readonly options: ReplyOptions;

  constructor(value: unknown, options: ReplyOptions) {
    this.value = value;
    this.options = options;
  }
}

/**
 * A value with a status, headers or cookies, for the route to send as it sends plain values: by its response schema and its
 * renderers. (`json()` makes JSON of all of it at once, whatever the route says.) Throws a TypeError for undefined.
 */
export function data(value: unknown, options: ReplyOptions = {}): DataReply {
  if (value === undefined) throw new TypeError('undefined cannot be sent as data; for no body answer empty()');
  return new DataReply(value, options);
}

/** Makes an answer of a value that a handler gave, plain or as {@link data}. */
export type Render = (request: HttpRequestHead, value: unknown) => HttpReply;

/** What a route's values are sent with: made once. Throws a TypeError for a schema or renderers that cannot be kept to. */
export function compileRender({ response, renderers, strictAccept = false }: RenderOptions): Render {
  if (response === undefined && renderers === undefined) return renderJson;
  const pick = response === undefined ? asIs : compilePick(response);
  if (renderers === undefined) {
    return (_request, value) => {
      const isData = value instanceof DataReply;
      const options = isData ? value.options : noOptions;
      const text = stringify(pick(isData ? value.value : value, options.status ?? 200));
      return whole(text, 'application/json', options);
    };
  }
  const choice = new RendererChoice(renderers, strictAccept);
  const isNegotiated = renderers.length > 1;
  return (request, value) => {
    const { value: own, options } = value instanceof DataReply ? value : new DataReply(value, noOptions);
    const chosen = choice.choose(request);
    const body = chosen.render(pick(own, options.status ?? 200), request);
    return whole(body, chosen.contentType, isNegotiated ? varied(options) : options);
  };
}

/** What refuses a request before its handler runs, where nothing could be made that its Accept asks for. */
export function acceptChecker({
  renderers,
  strictAccept,
}: RenderOptions): ((request: HttpRequestHead) => void) | undefined {
  if (strictAccept !== true) return undefined;
  const choice = new RendererChoice(renderers ?? [jsonRenderer()], true);
  return (request) => void choice.choose(request);
}

const noOptions: ReplyOptions = {};

const renderJson: Render = (_request, value) =>
  value instanceof DataReply ? json(value.value, value.options) : json(value);

function asIs(value: unknown): unknown {
  return value;
}

function whole(data: string | Uint8Array, contentType: string, options: ReplyOptions): HttpReply {
  return new HttpReply({ kind: 'whole', data }, contentType, options.status ?? 200, options);
}

function compilePick(response: ResponseSchemas): (value: unknown, status: number) => unknown {
  if (!isByStatus(response)) return serialiser(response).pick;
  const byStatus = new Map(Object.entries(response).map(([status, schema]) => [status, serialiser(schema).pick]));
  const other = byStatus.get('default');
  return (value, status) => {
    const pick = byStatus.get(String(status)) ?? other;
    if (pick === undefined) throw new TypeError(`the route has no response schema for the status ${status}`);
    return pick(value);
  };
}

function isByStatus(response: ResponseSchemas): response is Readonly<Record<string, ResponseSchema>> {
  const keys = Object.keys(response);
  return !('~standard' in response) && keys.length > 0 && keys.every((key) => /^(?:[1-5]\d\d|default)$/.test(key));
}

/** Caches must know that another Accept gets another answer (RFC 9110, section 12.5.5). */
function varied(options: ReplyOptions): ReplyOptions {
  const headers = Object.entries(options.headers ?? {});
  const own = headers.filter(([name]) => name.toLowerCase() === 'vary').flatMap(([, value]) => value);
  const others = headers.filter(([name]) => name.toLowerCase() !== 'vary');
  return { ...options, headers: { ...Object.fromEntries(others), vary: [...own, 'accept'].join(', ') } };
}
