import type { Access } from './auth.ts';
import type { JsonSchema } from './json-schema.ts';

/** What the document says of the API as a whole. */
export interface OpenApiInfo {
  readonly title: string;
  /** Of the API, not of OpenAPI. */
  readonly version: string;
  /** Markdown. Default: none. */
  readonly description?: string;
  /** Where the API can be reached. Default: where the document came from. */
  readonly servers?: readonly string[];
}

/** One route as the document shows it. */
export interface Operation {
  /** Lower case. */
  readonly httpMethod: string;
  /** `/v1/rooms/{id}` */
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  /** Markdown; the first sentence becomes the summary. Default: none. */
  readonly description?: string | undefined;
  readonly access: Access;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: JsonSchema | undefined;
  /** Default: an answer without a body. */
  readonly response?: { readonly schema: JsonSchema; readonly contentType: string } | undefined;
  readonly isDeprecated?: boolean;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly isRequired: boolean;
  readonly schema: JsonSchema;
}

export interface OpenApiParts {
  readonly info: OpenApiInfo;
  readonly operations: readonly Operation[];
  /** Groups of operations, with their descriptions, in the order of the document. */
  readonly tags: readonly { readonly name: string; readonly description?: string | undefined }[];
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** An OpenAPI 3.1 document, ready for JSON. */
export type OpenApiDocument = JsonSchema;

const errorSchema: JsonSchema = {
  type: 'object',
  title: 'Error',
  description: 'Every failure, whatever went wrong. Branch on `code` or `reason`, never on `message`.',
  properties: {
    code: {
      type: 'string',
      description: 'One of the 16 canonical codes.',
      examples: ['failed_precondition'],
    },
    reason: { type: 'string', description: 'Stable, machine-readable.', examples: ['ROOM_CLOSED'] },
    message: { type: 'string', description: 'For people.' },
    domain: { type: 'string', description: 'Who defines the reason.', examples: ['live.room'] },
    metadata: { type: 'object', additionalProperties: { type: 'string' } },
    details: { type: 'array', items: { type: 'object' }, description: 'The same as google.rpc.ErrorInfo.' },
  },
  required: ['code', 'reason', 'message', 'domain', 'metadata', 'details'],
};

/** Puts the document together. Two operations with one method and path, or with one id, are a mistake: a TypeError. */
export function openApiDocument({ info, operations, tags, schemas }: OpenApiParts): OpenApiDocument {
  const { servers, ...about } = info;
  return {
    openapi: '3.1.0',
    info: about,
    ...(servers !== undefined && { servers: servers.map((url) => ({ url })) }),
    tags: tags.map(({ name, description }) => ({ name, ...(description !== undefined && { description }) })),
    paths: pathsOf(operations),
    components: {
      schemas: { ...schemas, Error: errorSchema },
      responses: {
        Error: {
          description: 'The request failed.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function pathsOf(operations: readonly Operation[]): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  const ids = new Set<string>();
  for (const operation of operations) {
    const { path, httpMethod, operationId } = operation;
    paths[path] ??= {};
    const item = paths[path];
    if (httpMethod in item)
      throw new TypeError(`openapi: two operations for ${httpMethod.toUpperCase()} ${path}; remove one`);
    if (ids.has(operationId)) throw new TypeError(`openapi: two operations have the id ${operationId}; rename one`);
    ids.add(operationId);
    item[httpMethod] = describe(operation);
  }
  return paths;
}

const security: Readonly<Record<Access, readonly JsonSchema[]>> = {
  public: [],
  optional: [{}, { bearer: [] }],
  required: [{ bearer: [] }],
};

function describe(operation: Operation): JsonSchema {
  const { operationId, tag, description, access, parameters, requestBody, response, isDeprecated } = operation;
  return {
    operationId,
    tags: [tag],
    ...(description !== undefined && { summary: firstSentence(description), description }),
    ...(isDeprecated === true && { deprecated: true }),
    security: security[access],
    ...(parameters.length > 0 && { parameters: parameters.map(describeParameter) }),
    ...(requestBody !== undefined && {
      requestBody: { required: needsBody(requestBody), content: { 'application/json': { schema: requestBody } } },
    }),
    responses: {
      ...(response === undefined
        ? { 204: { description: 'Done.' } }
        : { 200: { description: 'The answer.', content: { [response.contentType]: { schema: response.schema } } } }),
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

/** An object none of whose properties are required may as well be left out: the server takes an empty body for it. */
function needsBody(schema: JsonSchema): boolean {
  const { required = [] } = schema as { readonly required?: readonly string[] };
  return !('properties' in schema) || required.length > 0;
}

/** The description moves from the schema to the parameter, where readers and tools look for it. */
function describeParameter({ name, in: place, isRequired, schema }: Parameter): JsonSchema {
  const { description, ...rest } = schema;
  return { name, in: place, required: isRequired, ...(description !== undefined && { description }), schema: rest };
}

function firstSentence(text: string): string {
  const end = /[.!?](\s|$)/.exec(text)?.index;
  return end === undefined ? text : text.slice(0, end);
}
