/** Connect's own server over HTTP/2: gRPC and Connect on one port. `connect-server.ts PORT` */
import { createServer } from 'node:http2';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { EchoService } from './gen/flotilla/bench/v1/echo_pb.ts';

const handler = connectNodeAdapter({
  routes: (router) =>
    router.service(EchoService, {
      echo: (note) => note,
      echoStream: (notes) => notes,
    }),
});
createServer({ settings: { maxConcurrentStreams: 1000 } }, handler).listen(Number(process.argv[2]), '127.0.0.1');
