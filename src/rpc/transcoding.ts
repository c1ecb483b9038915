import {
  create,
  type DescField,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  mergeFromJson,
  toJson,
} from '@bufbuild/protobuf';
import { StatusError } from '../errors/index.ts';
import { fieldJson } from './field-text.ts';
import { type HttpRule, resolveField } from './http-rule.ts';
import { variableText } from './path-template.ts';

/** What a request of a rule's route brings, percent-decoded. */
export interface TranscodedInput {
  /** By the names of the route's parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Parsed JSON. Undefined where there is none; ignored where the rule takes none. */
  readonly body?: unknown;
}

/**
 * The request message: the body as the rule maps it, then the query, then the path, which nothing overrides. Fields go by
 * their JSON name (`pageSize`) or the one in the .proto file (`page_size`). Throws `invalid_argument` INVALID_INPUT, its
 * metadata naming what is wrong (`query.page_size`), also for a name that is no field.
 */
export function requestMessage(rule: HttpRule, { params, query, body }: TranscodedInput): Message {
  const message = bodyMessage(rule, body);
  const tree: JsonObject = {};
  for (const [name, value] of Object.entries(query)) setQuery(rule, tree, name, value);
  for (const variable of rule.variables) {
    const fields = resolveField(rule.method.input, variable.fieldPath) as readonly DescField[];
    set(tree, fields, parse(fields.at(-1) as DescField, 'path', variable.fieldPath, variableText(variable, params)));
  }
  return decode(`path or query`, undefined, () => mergeFromJson(rule.method.input, message, tree));
}

/**
 * The JSON that answers: the whole message, or the rule's field of it. Names are the JSON names (camel case), 64-bit
 * numbers texts, as protobuf JSON has it; unlike its default, fields with default values are written too, so that a
 * client finds `"rooms": []` and not nothing.
 */
export function responseJson(rule: HttpRule, message: Message): JsonValue {
  const whole = toJson(rule.method.output, message, { alwaysEmitImplicit: true });
  if (rule.responseBody === undefined) return whole;
  return (whole as JsonObject)[rule.responseBody.jsonName] ?? null;
}

function bodyMessage({ method, body: part }: HttpRule, body: unknown): Message {
  if (part === undefined || body === undefined) return create(method.input);
  const json = (part === '*' ? body : { [part.jsonName]: body }) as JsonValue;
  return decode('body', part === '*' ? undefined : part.name, () => fromJson(method.input, json));
}

function setQuery(rule: HttpRule, tree: JsonObject, name: string, value: string | readonly string[]): void {
  if (rule.body === '*') {
    throw invalid('query', name, `"${name.slice(0, 64)}" must be in the body: this route takes no query`);
  }
  const fields = resolveField(rule.method.input, name);
  const field = fields?.at(-1);
  if (fields === undefined || field === undefined) {
    throw invalid('query', name, `"${name.slice(0, 64)}" is unknown`);
  }
  if (rule.body !== undefined && fields[0] === rule.body) throw invalid('query', name, `"${name}" must be in the body`);
  if (field.fieldKind === 'list') {
    const values = typeof value === 'string' ? [value] : value;
    set(
      tree,
      fields,
      values.map((text) => parse(field, 'query', name, text)),
    );
  } else if (typeof value === 'string') {
    set(tree, fields, parse(field, 'query', name, value));
  } else {
    throw invalid('query', name, `"${name}" is given ${value.length} times; it takes one value`);
  }
}

function parse(field: DescField, where: string, name: string, text: string): JsonValue {
  const parsed = fieldJson(field, text);
  if ('json' in parsed) return parsed.json;
  throw invalid(where, name, `"${name}" is ${JSON.stringify(text.slice(0, 64))}; it must be ${parsed.valid}`);
}

/** Only names of fields become keys, so nothing that a client sends can meet a property of Object. */
function set(tree: JsonObject, fields: readonly DescField[], value: JsonValue): void {
  let inside = tree;
  for (const field of fields.slice(0, -1)) {
    inside[field.jsonName] ??= {};
    inside = inside[field.jsonName] as JsonObject;
  }
  inside[(fields.at(-1) as DescField).jsonName] = value;
}

function decode(where: string, at: string | undefined, read: () => Message): Message {
  try {
    return read();
  } catch (error) {
    const cause =
      error instanceof Error ? (error.cause as { field?: () => { readonly name: string } } | undefined) : undefined;
    const unknown = /key "([^"]{0,64})" is unknown$/.exec(String((error as Error).message))?.[1];
    const name = cause?.field?.().name ?? unknown ?? at ?? '';
    const problem = cause instanceof Error ? cause.message : unknown !== undefined ? 'is unknown' : 'is not valid';
    throw invalid(where, name, name === '' ? 'it is not a JSON object' : `"${name}": ${problem.slice(0, 200)}`);
  }
}

function invalid(where: string, name: string, problem: string): StatusError {
  const key = name === '' ? where : `${where}.${name.slice(0, 64)}`;
  return new StatusError('invalid_argument', `invalid ${where}: ${problem}`, {
    reason: 'INVALID_INPUT',
    metadata: { [key]: problem },
  });
}
