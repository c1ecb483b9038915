import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { background, rootContext } from '../../concurrency/index.ts';
import { from } from '../../errors/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { EtcdClient } from './etcd-client.ts';

it('gives up a login that a member does not answer, also before a watch, which has no end', async () => {
  const clock = virtualClock();
  const hung = createServer().listen(0, '127.0.0.1');
  await once(hung, 'listening');
  const url = `http://127.0.0.1:${(hung.address() as AddressInfo).port}`;
  const auth = { username: 'ann', password: 'secret' };
  const client = new EtcdClient({ endpoints: [url], auth, random: () => 0 });
  hung.on('request', () => void clock.advance(3_000));

  const watching = client.stream(rootContext(clock), '/v3/watch', {}, 1_000).next();

  await assert.rejects(watching, (error) => from(error).code === 'deadline_exceeded');
  await client.close(background().withTimeout(0));
  hung.closeAllConnections();
  hung.close();
});
