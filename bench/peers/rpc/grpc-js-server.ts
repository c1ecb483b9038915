/** `grpc-js-server.ts PORT` */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { echoService } from './grpc-js-service.ts';

const server = new Server({ 'grpc.max_concurrent_streams': 1000 });
server.addService(echoService, {
  Echo: (call: { request: object }, callback: (error: null, answer: object) => void) => callback(null, call.request),
  EchoStream(stream: ServerDuplexStream<object, object>) {
    stream.on('data', (note: object) => stream.write(note));
    stream.on('end', () => stream.end());
  },
});
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
