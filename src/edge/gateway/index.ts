/**
 * # flotilla/edge/gateway
 *
 * The border of a fleet: HTTP/JSON outside, RPC inside. Routes come from the google.api.http annotations; tokens are
 * checked, foreign headers stripped; composed answers (a backend for a front end) stand beside; OpenAPI at
 * `/openapi.json`, a page that tries it at `/explorer`.
 *
 *     const gateway = createGateway({
 *       name: 'gateway',
 *       resolver,
 *       services: [expose(RoomService, { target: 'room', access: { listRooms: 'optional' } })],
 *       auth: { authenticate: jwtAuthentication({ keys: [{ secret }], algorithms: ['HS256'] }) },
 *       openapi: { title: 'Rooms', version: '1.0.0' },
 *     });
 *     const server = gateway.server({ listener: tcpListener({ port: 8080 }) });
 *
 * Rules: tenant and principal come from the token, never from a header; a route needs a token unless it says otherwise;
 * messages of transport errors stay inside. Not here: TLS, quotas (`guard`), HTTP to HTTP proxying (`edge/lb`).
 */
export {
  type Access,
  AuthErrors,
  type Authenticate,
  type AuthOptions,
  bearerToken,
  type Identity,
} from './auth.ts';
export {
  type ComposeOptions,
  type Composition,
  compose,
  type Needed,
  optional,
  type Part,
  type PartOptions,
  required,
} from './compose.ts';
export type { CorsOptions } from './cors.ts';
export { type FieldRules, fieldsFromOutside } from './field-rules.ts';
export {
  createGateway,
  type ExposedService,
  type ExposeOptions,
  expose,
  type Gateway,
  type GatewayOptions,
  type GatewayRouteOptions,
} from './gateway.ts';
export type { JsonSchema } from './json-schema.ts';
export { type JwtAlgorithm, type JwtKey, type JwtOptions, jwtAuthentication } from './jwt.ts';
export { type LaneRules, laneCookie, laneRules } from './lane-choice.ts';
export { messageJson } from './message-json.ts';
export type { OpenApiDocument, OpenApiInfo } from './openapi.ts';
export type { ProtoComments } from './proto-comments.ts';
export type { ResponseSchema, RouteDescription } from './route-description.ts';
