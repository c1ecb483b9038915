import type { DescMessage } from '@bufbuild/protobuf';
import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import type { RouteOptions } from '../../net/http/index.ts';
import type { Access } from './auth.ts';
import type { JsonSchema, SchemaCollection } from './json-schema.ts';
import type { Operation, Parameter } from './openapi.ts';
import { templateOf } from './operations.ts';

/**
 * What a route answers with: a message of a .proto file, a validator that tells its JSON Schema (zod does), or a JSON Schema,
 * in which messages may stand anywhere: `{ type: 'object', properties: { room: RoomSchema } }`.
 */
export type ResponseSchema = DescMessage | StandardJSONSchemaV1 | JsonSchema;

/** How a route of one's own shows in the OpenAPI document. Parameters and body come from the route's schemas. */
export interface RouteDescription {
  readonly operationId: string;
  /** The group it is shown in. Default: the gateway's name. */
  readonly tag?: string;
  /** Markdown; the first sentence is the summary. Default: none. */
  readonly description?: string;
  /** Default: an answer without a body. */
  readonly response?: ResponseSchema;
  /** Default: application/json. */
  readonly contentType?: string;
}

/** The operation of a route that no .proto file describes. */
export function operationOfRoute(
  method: string,
  path: string,
  options: RouteOptions<never, never, never, never>,
  { operationId, tag, description, response, contentType = 'application/json' }: RouteDescription,
  rest: { readonly access: Access; readonly tag: string; readonly schemas: SchemaCollection },
): Operation {
  const template = templateOf(path);
  const params = propertiesOf(options.params);
  const query = propertiesOf(options.query);
  const inPath = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']): Parameter => {
    return { name, in: 'path', isRequired: true, schema: params.properties[name] ?? { type: 'string' } };
  });
  const inQuery = Object.entries(query.properties).map(([name, schema]): Parameter => {
    return { name, in: 'query', isRequired: query.required.includes(name), schema };
  });
  return {
    httpMethod: method.toLowerCase(),
    path: template,
    operationId,
    tag: tag ?? rest.tag,
    description,
    access: rest.access,
    parameters: [...inPath, ...inQuery],
    requestBody: options.body === undefined ? undefined : (inputSchema(options.body) ?? {}),
    response: response === undefined ? undefined : { schema: resolved(response, rest.schemas), contentType },
  };
}

/** Replaces the messages in a schema by references. */
function resolved(source: unknown, schemas: SchemaCollection): JsonSchema {
  if (isMessageDescriptor(source)) return schemas.message(source);
  if (isJsonSchemaSource(source)) return withoutDialect(source['~standard'].jsonSchema.output(dialect));
  if (Array.isArray(source)) return source.map((item) => resolvedDeep(item, schemas)) as unknown as JsonSchema;
  return Object.fromEntries(
    Object.entries(source as JsonSchema).map(([key, value]) => [key, resolvedDeep(value, schemas)]),
  );
}

function resolvedDeep(value: unknown, schemas: SchemaCollection): unknown {
  return typeof value === 'object' && value !== null ? resolved(value, schemas) : value;
}

function propertiesOf(source: unknown): {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
} {
  const schema = source === undefined ? {} : (inputSchema(source) ?? {});
  const { properties = {}, required = [] } = schema as { properties?: Record<string, JsonSchema>; required?: string[] };
  return { properties, required };
}

/** The JSON Schema of what a validator takes, if it tells. */
function inputSchema(source: unknown): JsonSchema | undefined {
  if (!isJsonSchemaSource(source)) return undefined;
  return withoutDialect(source['~standard'].jsonSchema.input(dialect));
}

/** The one that OpenAPI 3.1 has by default, so that it need not be said in every schema. */
const dialect = { target: 'draft-2020-12' } as const;

function withoutDialect({ $schema: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

function isMessageDescriptor(value: unknown): value is DescMessage {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'message' && 'typeName' in value
  );
}

function isJsonSchemaSource(value: unknown): value is StandardJSONSchemaV1 {
  if (typeof value !== 'object' && typeof value !== 'function') return false;
  const standard = (value as { readonly '~standard'?: { readonly jsonSchema?: unknown } } | null)?.['~standard'];
  return standard?.jsonSchema !== undefined;
}
