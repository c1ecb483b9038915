/** A bare `net` server, which every figure is less: it answers whatever comes with the same bytes. */
import { type AddressInfo, createServer } from 'node:net';
import { announce } from './serve.ts';

const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 13\r\n\r\nHello, world!',
);

const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
  socket.on('data', () => socket.write(answer));
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', 511, () => announce((server.address() as AddressInfo).port));
