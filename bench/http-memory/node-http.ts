import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { greeting } from '../http/content.ts';
import { announce } from './serve.ts';

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': greeting.length });
  response.end(greeting);
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', 511, () => announce((server.address() as AddressInfo).port));
