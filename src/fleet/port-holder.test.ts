import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { listeningInodes, portHolder } from './port-holder.ts';

test('finds the inode of a listening socket in the text of /proc/net/tcp', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 44711 1 0000000000000000 100 0 0 10 0',
    '   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 50000 1 0000000000000000 20 4 30 10 -1',
    '   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 44712 1 0000000000000000 100 0 0 10 0',
  ].join('\n');

  assert.deepEqual(listeningInodes(table, 8080), ['44711']);
  assert.deepEqual(listeningInodes(table, 80), ['44712']);
  assert.deepEqual(listeningInodes(table, 9), []);
});

test('names the process that listens', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };

  const holder = await portHolder(port);

  server.close();
  assert.equal(holder?.pid, process.pid);
  assert.match(holder?.command ?? '', /node/);
});

test('knows nothing where there is no /proc', async () => {
  assert.equal(await portHolder(1, '/nowhere'), undefined);
});
