/**
 * # flotilla/net/http
 *
 * HTTP/1.1: a router with typed input, a server that protects itself, a client that carries the call's fields.
 *
 *     const router = createRouter();
 *     router.get('/v1/rooms/:id', async (ctx, req) => ({ id: req.params.id }));
 *     const server = createHttpServer({ name: 'room', router, listener: tcpListener({ port: 8080 }) });
 *     await server.start(background());
 *
 * Rules: input is checked before a handler runs, by the schemas of its route; every error leaves in the one error shape;
 * a client that goes away cancels the call's Context. The bytes are spoken by an engine of our own (`engine/`), strict where
 * two readers could understand a request differently. Not here: TLS (the listener's), HTTP/2.
 */

export { drainOf, requestOf, setReplyHeader } from './call-state.ts';
export { client, type HttpClient } from './client/client.ts';
export type { HttpClientEvent, HttpClientEventsRequest } from './client/client-events.ts';
export type {
  HttpClientOptions,
  HttpClientRequest,
  HttpClientStreamRequest,
  HttpClientTls,
} from './client/client-options.ts';
export { type JsonLinesOptions, jsonLines } from './client/json-lines.ts';
export type { HttpResponse, HttpStreamingResponse } from './client/response.ts';
export type { HttpNode, HttpTarget } from './client/target.ts';
export { type EventLog, type EventLogOptions, eventLog } from './events/event-log.ts';
export { lastEventId } from './events/last-event-id.ts';
export type { ServerSentEvent } from './events/server-sent-events.ts';
export type { Validators } from './files/conditional.ts';
export { checkPreconditions } from './files/preconditions.ts';
export { type StaticFiles, type StaticFilesOptions, staticFiles } from './files/static-files.ts';
export { type Hooks, hooks, type Sent } from './hooks.ts';
export { HttpErrors, statusOf } from './http-errors.ts';
export { type Binder, type BinderOptions, binder, jsonBody } from './input/binder.ts';
export {
  type BodyFormat,
  type BodyInput,
  type BodySource,
  rawBytes,
  rawJson,
  rawText,
  streamed,
} from './input/body.ts';
export type { Cookie } from './input/cookies.ts';
export { decodeBody } from './input/decode-body.ts';
export { type FormOptions, form } from './input/form.ts';
export type { FormPart } from './input/multipart/form-part.ts';
export { formParts, type MultipartOptions, multipart, type UploadedFile } from './input/multipart/multipart.ts';
export { type Compression, type CompressionOptions, compression } from './reply/compression.ts';
export { chooseLanguage } from './reply/negotiate.ts';
export { type DataReply, data, type ResponseSchemas } from './reply/render.ts';
export { jsonRenderer, type Renderer, renderer } from './reply/renderer.ts';
export {
  bytes,
  type EventsOptions,
  empty,
  events,
  type HttpReply,
  html,
  json,
  type ReplyHeaders,
  type ReplyOptions,
  redirect,
  type StreamOptions,
  sized,
  stream,
  type TakeConnection,
  text,
  upgrade,
} from './reply/reply.ts';
export { type ResponseSchema, type Serialiser, serialiser } from './reply/serialiser.ts';
export type { JsonSchema } from './reply/serialiser-shape.ts';
export type { HttpHeaders, HttpMethod, HttpQuery, HttpRequest, HttpRequestHead } from './request.ts';
export {
  type IntOptions,
  int,
  oneOf,
  type PathConstraint,
  type PathConstraints,
  type PatternOptions,
  pattern,
  slug,
  uuid,
} from './routing/path-constraint.ts';
export type { PathParams } from './routing/path-pattern.ts';
export { type Decoration, decoration, type Plugin, type RegisterOptions } from './routing/plugin.ts';
export type { HttpHandler, Route, RouteOptions } from './routing/route.ts';
export { createRouter, type RegisterRoute, type RouteList, type Router, type RouterOptions } from './routing/router.ts';
export { createHttpServer, type HttpServer } from './server.ts';
export type { HttpServerOptions, TrustedFields } from './server-options.ts';
