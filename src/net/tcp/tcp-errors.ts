import { defineErrors } from '../../errors/index.ts';

/** What goes wrong between the two ends of a connection. Listening has reasons of its own: see {@link tcpListener}. */
export const TcpErrors = defineErrors('flotilla.tcp', {
  FRAME_TOO_LARGE: { code: 'resource_exhausted', description: 'a message is larger than the limit of its codec' },
  MALFORMED_FRAME: { code: 'invalid_argument', description: 'the bytes are not a frame of the protocol' },
  TRUNCATED_FRAME: { code: 'data_loss', description: 'the peer ended in the middle of a message' },
  CONNECT_FAILED: { code: 'unavailable', description: 'the peer could not be reached; nothing was sent' },
  CONNECTION_LOST: { code: 'unavailable', description: 'the connection broke; what was written may not have arrived' },
  CONNECTION_CLOSED: { code: 'canceled', description: 'this side has closed the connection' },
  WRITE_CLOSED: { code: 'failed_precondition', description: 'this side has said that it writes no more' },
  IDLE_TIMEOUT: { code: 'deadline_exceeded', description: 'nothing came and nothing was sent for idleTimeoutMs' },
  READ_TIMEOUT: { code: 'deadline_exceeded', description: 'a message was begun and not completed in readTimeoutMs' },
  WRITE_TIMEOUT: { code: 'deadline_exceeded', description: 'the peer took nothing for writeTimeoutMs' },
  DRAINING: { code: 'unavailable', description: 'the server is shutting down' },
  TLS_FAILED: { code: 'unavailable', description: 'no secure connection came about' },
  CERTIFICATE_UNUSABLE: { code: 'invalid_argument', description: 'a certificate or key cannot be read or used' },
  PROXY_HEADER_INVALID: { code: 'invalid_argument', description: 'the bytes are not a PROXY protocol header' },
});
