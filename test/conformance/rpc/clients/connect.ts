import { ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node';
import {
  createConnectTransport as createConnectWebTransport,
  createGrpcWebTransport as createGrpcWebWebTransport,
} from '@connectrpc/connect-web';
import { ErrorInfoSchema } from '../../../../src/rpc/gen/google/rpc/error_details_pb.ts';
import type { Caller, CallerOptions, OpenCaller } from './caller.ts';

const compressed = ({ gzip = false }: CallerOptions) =>
  gzip
    ? { sendCompression: compressionGzip, acceptCompression: [compressionGzip], compressMinBytes: 1 }
    : { acceptCompression: [] };

/** The transports of @connectrpc/connect-node. */
export const connectNode = {
  gRPC: (url, options) => {
    const sessionManager = new Http2SessionManager(url);
    const transport = createGrpcTransport({ baseUrl: url, sessionManager, ...compressed(options) });
    return caller(transport, () => sessionManager.abort());
  },
  'gRPC-Web, HTTP/1.1': (url, options) =>
    caller(createGrpcWebTransport({ baseUrl: url, httpVersion: '1.1', ...compressed(options) })),
  'Connect, HTTP/1.1': (url, options) =>
    caller(createConnectTransport({ baseUrl: url, httpVersion: '1.1', ...compressed(options) })),
  'Connect, HTTP/2': (url, options) => {
    const sessionManager = new Http2SessionManager(url);
    const transport = createConnectTransport({
      baseUrl: url,
      httpVersion: '2',
      sessionManager,
      useBinaryFormat: false,
      ...compressed(options),
    });
    return caller(transport, () => sessionManager.abort());
  },
} satisfies Record<string, OpenCaller>;

/** The transports of @connectrpc/connect-web, which are made for browsers and need nothing but `fetch`. */
export const connectWeb = {
  Connect: (url) => caller(createConnectWebTransport({ baseUrl: url })),
  'gRPC-Web': (url) => caller(createGrpcWebWebTransport({ baseUrl: url })),
} satisfies Record<string, OpenCaller>;

function caller(transport: Transport, close: () => void = () => {}): Caller {
  return {
    client: (service) => createClient(service, transport),
    explain(thrown) {
      const error = ConnectError.from(thrown);
      const { code, rawMessage, metadata } = error;
      return { code, message: rawMessage, metadata, info: error.findDetails(ErrorInfoSchema)[0] };
    },
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}
