import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { closeAll, type Handshake, openIdle } from './http-memory/handshake.ts';

async function serverThatAnswers(t: { after(fn: () => void): void }, answer: string): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(answer)));
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const answers: readonly (readonly [Handshake, string])[] = [
  ['keep-alive', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['websocket', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
];
for (const [handshake, answer] of answers)
  test(`${handshake}: as many connections are open as were asked for`, async (t) => {
    const port = await serverThatAnswers(t, answer);

    const sockets = await openIdle(port, handshake, 130);

    assert.equal(sockets.filter((socket) => socket.readyState === 'open').length, 130);
    await closeAll(sockets);
  });

test('a connection that is refused fails the measurement', async (t) => {
  const port = await serverThatAnswers(t, 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n');

  await assert.rejects(openIdle(port, 'keep-alive', 1), /the server answered HTTP\/1\.1 503/);
});
