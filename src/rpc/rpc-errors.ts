import { defineErrors } from '../errors/index.ts';

/** What can go wrong between a client and a server of this area. */
export const RpcErrors = defineErrors('flotilla.rpc', {
  CONNECT_FAILED: { code: 'unavailable', description: 'the node could not be reached; nothing was sent' },
  STREAM_REFUSED: { code: 'unavailable', description: 'the node took the call back unprocessed; it may be repeated' },
  CONNECTION_LOST: {
    code: 'unavailable',
    description: 'the connection ended before the answer; the call may have run',
  },
  CALLER_LEFT: { code: 'canceled', description: 'the caller gave up, or its connection is gone' },
  TOO_MANY_CALLS: { code: 'resource_exhausted', description: 'the client has as many calls to one node as it may' },
  SERVICE_UNKNOWN: {
    code: 'not_found',
    description: 'a health check asks for a service that the server does not have',
  },
  TOO_MANY_WATCHERS: { code: 'resource_exhausted', description: 'as many callers watch the health of a server as may' },
  STREAM_TOO_LONG: { code: 'resource_exhausted', description: 'the stream has had as many messages as it may' },
  DRAINING: { code: 'unavailable', description: 'the server is shutting down' },
  METHOD_NOT_FOUND: { code: 'unimplemented', description: 'the server has no such service or method' },
  METHOD_NOT_ALLOWED: { code: 'unimplemented', description: 'the method takes another HTTP verb' },
  UNSUPPORTED_MEDIA_TYPE: { code: 'invalid_argument', description: 'the method does not speak this content type' },
  MESSAGE_TOO_LARGE: { code: 'resource_exhausted', description: 'a message is larger than the limit' },
  MALFORMED_MESSAGE: { code: 'invalid_argument', description: 'the bytes are not the message that the method takes' },
  PROTOCOL_ERROR: { code: 'internal', description: 'the other side does not keep to the protocol' },
  NO_ENDPOINT: { code: 'unavailable', description: 'the chosen instance has no rpc endpoint' },
});
