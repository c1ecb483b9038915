/** A process that inherits a port: writes its pid to whoever connects, unless it is told to say nothing. */
import { createServer, type Server } from 'node:net';

let server: Server | undefined;

process.on('message', (message: { readonly type: string; readonly descriptor: number }) => {
  if (message.type === 'accept') {
    server = createServer((socket) => socket.on('error', () => {}).end(String(process.pid)));
    server.listen({ fd: message.descriptor }, 1024, () => process.send?.('accepts'));
  } else server?.close(() => process.send?.('pauses'));
});
process.on('disconnect', () => process.exit());
process.send?.('started');
