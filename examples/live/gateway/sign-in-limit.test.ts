import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background } from 'flotilla/concurrency';
import { staticResolver } from 'flotilla/discovery';
import { tcpListener } from 'flotilla/net/tcp';
import { liveGateway } from './gateway.ts';
import { signInLimit } from './sign-in-limit.ts';

test('who tries too many names is told to wait, and may still look around', async (t) => {
  const gateway = liveGateway({
    resolver: staticResolver({}),
    jwtSecret: 'a secret of the tests, 32 bytes or more',
    tenant: 'live',
  });
  const middleware = [signInLimit({ limit: 1, windowMs: 3_600_000, burst: 2 })];
  const server = gateway.server({ listener: tcpListener({ port: 0 }), middleware });
  const [endpoint] = await server.start(background());
  t.after(async () => {
    await server.stop(background().withTimeout(30_000));
    gateway[Symbol.dispose]();
  });
  const body = JSON.stringify({ name: 'ann', password: 'correct horse battery' });
  const post = (path: string) =>
    fetch(`${endpoint?.url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

  const tried = [await post('/v1/accounts'), await post('/v1/sessions'), await post('/v1/sessions')];
  const looked = await fetch(`${endpoint?.url}/v1/rooms`);

  // Nobody is behind this gateway: what passes finds no server.
  assert.deepEqual(
    tried.map(({ status }) => status),
    [503, 503, 429],
  );
  assert.equal(tried[2]?.headers.get('ratelimit-policy'), '"sign-in";q=1;w=3600');
  assert.ok(Number(tried[2]?.headers.get('retry-after')) > 3_000);
  assert.equal(looked.status, 503);
});
