import { defineErrors } from '../../errors/index.ts';

/** What goes wrong with a WebSocket. The domain is `flotilla`. */
export const WebSocketErrors = defineErrors('flotilla', {
  CONNECTION_CLOSED: {
    code: 'unavailable',
    description: 'the connection is closed or closing, and nothing is sent any more',
  },
  SLOW_READER: {
    code: 'resource_exhausted',
    description: 'the other side takes its messages too slowly and was disconnected (whenSlow)',
  },
  ORIGIN_NOT_ALLOWED: { code: 'permission_denied', description: '403: a page of another site may not connect' },
  HANDSHAKE_FAILED: { code: 'unavailable', description: 'the server did not answer as RFC 6455 wants' },
});
