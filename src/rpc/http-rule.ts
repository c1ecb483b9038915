import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
} from '@bufbuild/protobuf';
import { hasTextForm } from './field-text.ts';
import { http } from './gen/google/api/annotations_pb.ts';
import type { HttpRule as RuleOption } from './gen/google/api/http_pb.ts';
import { type PathVariable, parsePathTemplate } from './path-template.ts';

/** One HTTP route of a method, as its google.api.http annotation says. */
export interface HttpRule {
  /** Of the service's description. */
  readonly method: DescMethod;
  readonly verb: HttpVerb;
  /** As it stands in the .proto file: `/v1/rooms/{id}:close`. */
  readonly template: string;
  /** For the HTTP router: `/v1/rooms/:id:close`. */
  readonly route: string;
  readonly variables: readonly PathVariable[];
  /** Which part of the request message the body is: all of it ('*'), one field, or none. */
  readonly body: '*' | DescField | undefined;
  /** The field of the response message that is sent; undefined: all of it. */
  readonly responseBody: DescField | undefined;
}

export type HttpVerb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';

const verbs: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);

/**
 * The HTTP routes of a service, in the order of its methods, additional bindings after the main one. A method without the
 * annotation has none. Throws a TypeError that names the method for an annotation that cannot be served: a bad template,
 * a field that does not exist or has no text form, a method that takes a stream.
 */
export function httpRules(service: DescService): HttpRule[] {
  return service.methods.flatMap((method) => {
    if (!hasOption(method, http)) return [];
    try {
      const option = getOption(method, http);
      return [option, ...option.additionalBindings].map((binding) => ruleOf(method, binding));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new TypeError(`google.api.http of ${service.typeName}/${method.name}: ${error.message}`, { cause: error });
    }
  });
}

function ruleOf(method: DescMethod, option: RuleOption): HttpRule {
  if (method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming') {
    throw new TypeError('a method that takes a stream of requests has no HTTP route');
  }
  const [verb, template] = patternOf(option);
  const { route, variables } = parsePathTemplate(template);
  for (const { fieldPath } of variables) checkPathField(method.input, fieldPath);
  if (option.body !== '' && (verb === 'GET' || verb === 'HEAD')) throw new TypeError(`${verb} takes no body`);
  return {
    method,
    verb,
    template,
    route,
    variables,
    body: option.body === '' ? undefined : option.body === '*' ? '*' : topField(method.input, 'body', option.body),
    responseBody:
      option.responseBody === '' ? undefined : topField(method.output, 'response_body', option.responseBody),
  };
}

function patternOf({ pattern }: RuleOption): [HttpVerb, string] {
  if (pattern.case === undefined) throw new TypeError('it has no path; give get, post, put, patch, delete or custom');
  if (pattern.case !== 'custom') return [pattern.case.toUpperCase() as HttpVerb, pattern.value];
  const { kind, path } = pattern.value;
  if (!verbs.has(kind)) throw new TypeError(`the custom verb "${kind}" is none of ${[...verbs].join(', ')}`);
  return [kind as HttpVerb, path];
}

function topField(message: DescMessage, what: string, name: string): DescField {
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new TypeError(`${what} is "${name}", which is no field of ${message.typeName}`);
  return field;
}

function checkPathField(message: DescMessage, fieldPath: string): void {
  const field = resolveField(message, fieldPath)?.at(-1);
  if (field === undefined) throw new TypeError(`{${fieldPath}} is no field of ${message.typeName}`);
  const isText = field.fieldKind === 'scalar' || field.fieldKind === 'enum';
  if (isText || (field.fieldKind === 'message' && hasTextForm(field.message))) return;
  throw new TypeError(`{${fieldPath}} cannot be in a path: it is a ${field.fieldKind} without a text form`);
}

const fieldsByName = new WeakMap<DescMessage, Map<string, DescField>>();

/**
 * The fields on a dotted path, each by its name in the .proto file or in JSON (`page_size`, `pageSize`); undefined if there
 * are none.
 */
export function resolveField(message: DescMessage, path: string): readonly DescField[] | undefined {
  const fields: DescField[] = [];
  let inside: DescMessage | undefined = message;
  for (const name of path.split('.')) {
    const field: DescField | undefined = inside === undefined ? undefined : namesOf(inside).get(name);
    if (field === undefined) return undefined;
    fields.push(field);
    inside = field.fieldKind === 'message' ? field.message : undefined;
  }
  return fields;
}

/** Descriptors live as long as the process, so what is known of one is computed once. */
function namesOf(message: DescMessage): Map<string, DescField> {
  let names = fieldsByName.get(message);
  if (names === undefined) {
    names = new Map(
      message.fields.flatMap((field) => [[field.jsonName, field] as const, [field.name, field] as const]),
    );
    fieldsByName.set(message, names);
  }
  return names;
}
