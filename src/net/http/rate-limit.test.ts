import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorBody } from '../../errors/index.ts';
import { byAddress, gcra, keyedLimiter } from '../../guard/index.ts';
import { rateLimit } from '../../service/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { json } from './reply/reply.ts';
import { serve } from './server.fixture.ts';

describe('a rate limit', () => {
  it('of a route answers 429 with Retry-After, and says what is left with every answer', async () => {
    const limit = gcra({ name: 'sign-up', limit: 2, windowMs: 60_000, tell: true, clock: virtualClock() });
    const { middleware } = rateLimit(limit, { methods: ['GET /limited'] });
    await using server = await serve(
      (router) => {
        router.get('/limited', () => json({}));
        router.get('/free', () => json({}));
      },
      { middleware: [middleware] },
    );

    const answers: Response[] = [];
    for (let i = 0; i < 3; i++) answers.push(await fetch(`${server.url}/limited`));
    const free = await fetch(`${server.url}/free`);

    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 429],
    );
    assert.deepEqual(
      answers.map(({ headers }) => headers.get('ratelimit')),
      ['"sign-up";r=1;t=30', '"sign-up";r=0;t=60', '"sign-up";r=0;t=60'],
    );
    assert.equal(answers[0]?.headers.get('ratelimit-policy'), '"sign-up";q=2;w=60');
    assert.deepEqual(
      answers.map(({ headers }) => headers.get('retry-after')),
      [null, null, '30'],
    );
    assert.equal(((await answers[2]!.json()) as ErrorBody).reason, 'RATE_LIMITED');
    assert.deepEqual([free.status, free.headers.get('ratelimit')], [200, null]);
  });

  it('of a server counts by the address that it is called from', async () => {
    const limit = keyedLimiter({
      name: 'all',
      limit: 1,
      windowMs: 60_000,
      tell: true,
      key: byAddress,
      clock: virtualClock(),
    });
    await using server = await serve((router) => router.get('/', () => json({})), { admit: rateLimit(limit).admit });

    const first = await fetch(server.url);
    const second = await fetch(server.url);

    assert.deepEqual([first.status, second.status], [200, 429]);
    assert.deepEqual(
      [first, second].map(({ headers }) => headers.get('ratelimit')),
      ['"all";r=0;t=60', '"all";r=0;t=60'],
    );
    assert.equal(second.headers.get('retry-after'), '60');
  });
});
