import type { Awaitable } from '../../../concurrency/index.ts';
import { applySchema, type Schema } from '../../../service/index.ts';
import type { CallState } from '../call-state.ts';
import type { Exchange } from '../engine/exchange.ts';
import { acceptChecker } from '../reply/render.ts';
import type { HttpRequestHead } from '../request.ts';
import type { RouteOptions } from '../routing/route.ts';
import { BoundBody, jsonBody } from './binder.ts';
import { StreamedBody } from './body.ts';
import { type BodyFormat, type BodySource, whenRead } from './body-source.ts';

/** Reads a part of a request's input into `state.request`; a promise only where it has to wait. */
type Step = (state: CallState) => Promise<void> | undefined;

/**
 * What makes a route's input of a request, or throws (or rejects with) the 4xx that says what is wrong with it. It waits only
 * for a body that has not arrived and for schemas that answer later; otherwise it is done at once, and gives undefined.
 * There is none for a route that takes no input.
 */
export function inputReader(
  options: RouteOptions<unknown, unknown, unknown, unknown>,
  maxBodyBytes: number,
): Step | undefined {
  const { params, query, headers, body, binders } = options;
  const steps: Step[] = [];
  const checkAccept = acceptChecker(options);
  if (checkAccept !== undefined) steps.push(({ request }) => checkAccept(request) as undefined);
  if (params !== undefined) steps.push(checker('params', params));
  if (query !== undefined) steps.push(checker('query', query));
  if (headers !== undefined) steps.push(checker('headers', headers));
  if (body !== undefined) {
    // A form's content type is refused unless the route names its binder: any web page may send one to another site, with
    // the cookies of whoever looks at the page, and nobody is asked.
    const isSchema = '~standard' in body;
    const format = isSchema ? new BoundBody(binders ?? [jsonBody()]) : body;
    steps.push(bodyReader(format, isSchema ? body : undefined, maxBodyBytes));
  }
  if (steps.length <= 1) return steps[0];
  return (state) => runSteps(steps, 0, state);
}

function runSteps(steps: readonly Step[], from: number, state: CallState): Promise<void> | undefined {
  for (let i = from; i < steps.length; i++) {
    const pending = steps[i]!(state);
    if (pending !== undefined) return pending.then(() => runSteps(steps, i + 1, state));
  }
  return undefined;
}

function checker(part: 'params' | 'query' | 'headers', schema: Schema<unknown>): Step {
  return ({ request }) => {
    // A copy with Object's prototype: some validators take no other object for a record.
    const value = applySchema(schema, { ...(request[part] as object) }, part);
    if (!(value instanceof Promise)) {
      request[part] = value;
      return undefined;
    }
    return value.then((checked) => {
      request[part] = checked;
    });
  };
}

function bodyReader(body: BodyFormat<unknown>, schema: Schema<unknown> | undefined, maxBytes: number): Step {
  const isStreamed = body instanceof StreamedBody;
  return ({ exchange, request }) => {
    const read = body.read(new RequestBody(exchange, request, maxBytes));
    const value = schema === undefined ? read : whenRead(read, (made) => applySchema(schema, made, 'body'));
    if (value instanceof Promise) {
      return value.then((made) => {
        request.body = made;
      });
    }
    request.body = value;
    if (isStreamed) request.bodyStream = value as AsyncIterable<Uint8Array>;
    return undefined;
  };
}

class RequestBody implements BodySource {
  declare readonly request: HttpRequestHead;
  declare private readonly exchange: Exchange;
  declare private readonly maxBytes: number;

  constructor(exchange: Exchange, request: HttpRequestHead, maxBytes: number) {
    this.exchange = exchange;
    this.request = request;
    this.maxBytes = maxBytes;
  }

  get contentLength(): number | undefined {
    return this.exchange.contentLength;
  }

  bytes(): Awaitable<Uint8Array> {
    return this.exchange.readBody(this.maxBytes);
  }

  chunks(): AsyncIterable<Uint8Array> {
    return this.exchange.bodyChunks(this.maxBytes);
  }
}
