import { type Schema, validate } from '../../../service/index.ts';
import type { CallState } from '../call-state.ts';
import { HttpErrors } from '../http-errors.ts';
import type { RouteOptions } from '../routing/route.ts';
import type { BodyFormat, BodyInput } from './body.ts';
import { decodeUtf8, parseJson } from './json-body.ts';

type Step = (state: CallState) => Promise<void>;

/**
 * What makes a route's input of a request, or throws the 4xx that says what is wrong with it. Undefined if the route
 * takes none, so that nothing is awaited.
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
  if (steps.length === 0) return undefined;
  return async (state) => {
    for (const step of steps) await step(state);
  };
}

function checker(part: 'params' | 'query' | 'headers', schema: Schema<unknown>): Step {
  return async ({ request }) => {
    // A copy with Object's prototype: some validators take no other object for a record.
    request[part] = await validate(schema, { ...(request[part] as object) }, part);
  };
}

function bodyReader(body: BodyInput<unknown>, maxBytes: number): Step {
  const read = reader(body, maxBytes);
  return async (state) => {
    state.request.body = await read(state);
  };
}

function reader(body: BodyInput<unknown>, maxBytes: number): (state: CallState) => Promise<unknown> {
  if (isSchema(body)) return async (state) => validate(body, await readJson(state, maxBytes), 'body');
  switch (body.format) {
    case 'streamed':
      return async ({ exchange, request }) => {
        request.bodyStream = exchange.bodyChunks(maxBytes);
        return request.bodyStream;
      };
    case 'bytes':
      return ({ exchange }) => exchange.readBody(maxBytes);
    case 'text':
      return async ({ exchange }) => {
        refuseEncoding(exchange.header('content-encoding'));
        return decodeUtf8(await exchange.readBody(maxBytes));
      };
    case 'json':
      return (state) => readJson(state, maxBytes);
  }
}

function isSchema(body: BodyInput<unknown>): body is Exclude<BodyInput<unknown>, BodyFormat<unknown>> {
  return '~standard' in body;
}

/** No body at all is undefined, which a schema may accept. */
async function readJson({ exchange }: CallState, maxBytes: number): Promise<unknown> {
  refuseEncoding(exchange.header('content-encoding'));
  refuseForeignType(exchange.header('content-type'), exchange.contentLength === 0);
  const bytes = await exchange.readBody(maxBytes);
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
