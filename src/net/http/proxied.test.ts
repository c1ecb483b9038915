import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { tcpListener } from '../tcp/index.ts';
import { text } from './reply/reply.ts';
import { serve } from './server.fixture.ts';

it('tells a handler the client that a trusted proxy speaks for', async () => {
  const listener = tcpListener({ port: 0, proxyProtocol: { from: ['127.0.0.1'] } });
  await using server = await serve((router) => router.get('/', (_ctx, req) => text(req.remoteAddress)), { listener });
  const socket = connect(server.port, '127.0.0.1');
  let received = '';
  const closed = new Promise((resolve) => {
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.once('close', resolve);
  });

  socket.write('PROXY TCP4 203.0.113.7 127.0.0.1 5000 80\r\nGET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
  await closed;

  assert.match(received, /\r\n\r\n203\.0\.113\.7$/);
});
