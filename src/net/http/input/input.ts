import type { Awaitable } from '../../../concurrency/index.ts';
import { applySchema, type Schema } from '../../../service/index.ts';
import type { CallState } from '../call-state.ts';
import { HttpErrors } from '../http-errors.ts';
import type { RouteOptions } from '../routing/route.ts';
import type { BodyFormat, BodyInput } from './body.ts';
import { decodeUtf8, parseJson } from './json-body.ts';

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
  const { params, query, headers, body } = options;
  const steps: Step[] = [];
  if (params !== undefined) steps.push(checker('params', params));
  if (query !== undefined) steps.push(checker('query', query));
  if (headers !== undefined) steps.push(checker('headers', headers));
  if (body !== undefined) steps.push(bodyReader(body, maxBodyBytes));
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

function bodyReader(body: BodyInput<unknown>, maxBytes: number): Step {
  const read = reader(body, maxBytes);
  return (state) => {
    const value = read(state);
    if (!(value instanceof Promise)) {
      state.request.body = value;
      return undefined;
    }
    return value.then((made) => {
      state.request.body = made;
    });
  };
}

function reader(body: BodyInput<unknown>, maxBytes: number): (state: CallState) => Awaitable<unknown> {
  if (isSchema(body))
    return (state) => whenRead(readJson(state, maxBytes), (value) => applySchema(body, value, 'body'));
  switch (body.format) {
    case 'streamed':
      return ({ exchange, request }) => {
        request.bodyStream = exchange.bodyChunks(maxBytes);
        return request.bodyStream;
      };
    case 'bytes':
      return ({ exchange }) => exchange.readBody(maxBytes);
    case 'text':
      return ({ exchange }) => {
        refuseEncoding(exchange.header('content-encoding'));
        return whenRead(exchange.readBody(maxBytes), decodeUtf8);
      };
    case 'json':
      return (state) => readJson(state, maxBytes);
  }
}

/** `use` on what was read, now or later. */
function whenRead<A, B>(read: Awaitable<A>, use: (value: A) => Awaitable<B>): Awaitable<B> {
  return read instanceof Promise ? read.then(use) : use(read);
}

function isSchema(body: BodyInput<unknown>): body is Exclude<BodyInput<unknown>, BodyFormat<unknown>> {
  return '~standard' in body;
}

/** No body at all is undefined, which a schema may accept. */
function readJson({ exchange }: CallState, maxBytes: number): Awaitable<unknown> {
  refuseEncoding(exchange.header('content-encoding'));
  refuseForeignType(exchange.header('content-type'), exchange.contentLength === 0);
  return whenRead(exchange.readBody(maxBytes), jsonOf);
}

function jsonOf(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : parseJson(decodeUtf8(bytes));
}

/** `application/json` or `application/anything+json`, in UTF-8. */
const jsonType =
  /^application\/(?:json|[\w.!#$&^-]{1,100}\+json)[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-?8"?[ \t]*)?$/i;

/** A form's content type is refused, since any web page may send that to another site without asking. */
function refuseForeignType(type: string | undefined, isEmpty: boolean): void {
  if (type === undefined ? isEmpty : jsonType.test(type)) return;
  const given = type === undefined ? 'there is none' : `it is "${type.slice(0, 100)}"`;
  throw HttpErrors.UNSUPPORTED_MEDIA_TYPE(`the content type must be application/json in UTF-8; ${given}`);
}

function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw HttpErrors.UNSUPPORTED_MEDIA_TYPE(
    `the content encoding "${encoding.slice(0, 100)}" is not taken here; send the body as it is`,
  );
}
