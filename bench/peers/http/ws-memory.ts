/** `ws` as it is by default, without compression: of the bench http-memory. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { announce } from '../../http-memory/serve.ts';

const server = createServer();
new WebSocketServer({ server });
server.listen(0, '127.0.0.1', 511, () => announce((server.address() as AddressInfo).port));
