import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { HttpRule } from '../../rpc/index.ts';
import type { Access } from './auth.ts';
import { behavesAs, FieldBehavior, type JsonSchema, type SchemaCollection } from './json-schema.ts';
import type { Operation, Parameter } from './openapi.ts';
import type { ProtoComments } from './proto-comments.ts';

/** How deep query parameters go into messages: `filter.range.from`. */
const maxQueryDepth = 3;

/** The operation that a rule of google.api.http makes. `ordinal` counts the rules of one method from 1. */
export function operationOf(
  rule: HttpRule,
  ordinal: number,
  {
    access,
    comments,
    schemas,
  }: { readonly access: Access; readonly comments: ProtoComments; readonly schemas: SchemaCollection },
): Operation {
  const { method } = rule;
  const service = method.parent;
  return {
    httpMethod: rule.verb.toLowerCase(),
    path: templateOf(rule.route),
    operationId: `${service.name}_${method.name}${ordinal === 1 ? '' : `_${ordinal}`}`,
    tag: service.name,
    description: comments[`${service.typeName}.${method.name}`],
    access,
    parameters: [...pathParameters(rule, schemas), ...queryParameters(rule, schemas)],
    requestBody: requestBody(rule, schemas),
    response: {
      schema: rule.responseBody === undefined ? schemas.message(method.output) : schemas.field(rule.responseBody),
      contentType: method.methodKind === 'server_streaming' ? 'text/event-stream' : 'application/json',
    },
    isDeprecated: method.deprecated || service.deprecated,
  };
}

/** A route of the router as OpenAPI writes it: `/v1/rooms/:id:close` is `/v1/rooms/{id}:close`. */
export function templateOf(route: string): string {
  return route.replace(/(?<=\/)[:*]([A-Za-z0-9_]+)/g, '{$1}');
}

function pathParameters(rule: HttpRule, schemas: SchemaCollection): Parameter[] {
  return rule.variables.flatMap(({ fieldPath, parts }) => {
    const params = parts.flatMap((part) => ('param' in part ? [part.param] : []));
    const field = fieldAt(rule.method.input, fieldPath);
    return params.map((name): Parameter => {
      const schema =
        params.length === 1 && parts.length === 1 && field !== undefined ? schemas.field(field) : { type: 'string' };
      return { name, in: 'path', isRequired: true, schema };
    });
  });
}

function queryParameters(rule: HttpRule, schemas: SchemaCollection): Parameter[] {
  if (rule.body === '*') return [];
  const inPath = new Set(rule.variables.map((variable) => variable.fieldPath));
  return [...leaves(rule.method.input, '', 1)]
    .filter(({ path, top }) => top !== rule.body && !inPath.has(path))
    .map(({ jsonPath, field }) => ({
      name: jsonPath,
      in: 'query',
      isRequired: behavesAs(field, FieldBehavior.REQUIRED),
      schema: schemas.field(field),
    }));

  function* leaves(
    message: DescMessage,
    prefix: string,
    depth: number,
    above?: DescField,
    jsonPrefix = '',
  ): Iterable<Leaf> {
    for (const field of message.fields) {
      const leaf = { path: prefix + field.name, jsonPath: jsonPrefix + field.jsonName, field, top: above ?? field };
      if (fitsQuery(field, schemas)) yield leaf;
      else if (field.fieldKind === 'message' && depth < maxQueryDepth) {
        yield* leaves(field.message, `${leaf.path}.`, depth + 1, leaf.top, `${leaf.jsonPath}.`);
      }
    }
  }
}

interface Leaf {
  /** By the names in the .proto file: `shelf.name`. */
  readonly path: string;
  /** By the names in JSON. */
  readonly jsonPath: string;
  readonly field: DescField;
  readonly top: DescField;
}

function fitsQuery(field: DescField, schemas: SchemaCollection): boolean {
  if (field.fieldKind === 'message') return schemas.isValue(field.message);
  return (
    field.fieldKind === 'scalar' ||
    field.fieldKind === 'enum' ||
    (field.fieldKind === 'list' && field.listKind !== 'message')
  );
}

/** What the path says is not asked for again in the body. */
function requestBody({ method, body, variables }: HttpRule, schemas: SchemaCollection): JsonSchema | undefined {
  if (body === undefined) return undefined;
  if (body !== '*') return schemas.field(body);
  const inPath = new Set(variables.map((variable) => variable.fieldPath));
  if (inPath.size === 0) return schemas.message(method.input);
  return schemas.object(method.input, (field) => !inPath.has(field.name));
}

function fieldAt(message: DescMessage, path: string): DescField | undefined {
  let inside: DescMessage | undefined = message;
  let found: DescField | undefined;
  for (const name of path.split('.')) {
    found = inside?.fields.find((field) => field.name === name);
    inside = found?.fieldKind === 'message' ? found.message : undefined;
  }
  return found;
}
