/** `ws` as it is by default, without compression, on node:http. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { answerQuestions, message } from './measured.ts';

const room = new Set<WebSocket>();
const server = createServer();
const sockets = new WebSocketServer({ server });
sockets.on('connection', (ws, req) => {
  if (req.url === '/room') {
    room.add(ws);
    ws.on('close', () => room.delete(ws));
  } else {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  }
});

server.listen(0, '127.0.0.1', 511, () =>
  answerQuestions((server.address() as AddressInfo).port, () => {
    for (const ws of room) ws.send(message);
  }),
);
