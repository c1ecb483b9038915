import { connect, type Socket } from 'node:net';

/** What a connection does before it idles. */
const requests = {
  'keep-alive': 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n',
  websocket:
    'GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
};

const statuses = { 'keep-alive': '200', websocket: '101' };

export type Handshake = keyof typeof requests;

export const handshakes = Object.keys(requests) as readonly Handshake[];

const connectingAtOnce = 100;

/** Opens so many connections and has each of them answered. */
export async function openIdle(port: number, handshake: Handshake, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Math.min(connectingAtOnce, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => open(port, handshake)))));
  }
  return sockets;
}

/** What is read is short enough to come in one piece. */
function open(port: number, handshake: Handshake): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', reject).on('close', () => reject(new Error(`${handshake}: the server closed the connection`)));
    socket.write(requests[handshake]);
    socket.once('data', (chunk) => {
      const answer = chunk.toString('latin1');
      if (answer.startsWith(`HTTP/1.1 ${statuses[handshake]} `)) resolve(socket);
      else socket.destroy(new Error(`${handshake}: the server answered ${answer}`));
    });
  });
}

export async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => {
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.destroy();
      return closed;
    }),
  );
}
