import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, gate, type RawAnswer, RawClient, serve } from './server.fixture.ts';
import type { HttpServerOptions } from './server-options.ts';

const clients = 40;
const request = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nhost: a\r\n${headers}\r\n`;

/** All at once, over connections that are there already: they wait together for the next turn of the loop. */
async function burst(port: number, path: string, whileWaiting: () => void = () => {}): Promise<readonly RawAnswer[]> {
  const all = Array.from({ length: clients }, () => new RawClient(port));
  try {
    for (const client of all) {
      client.send(request('/healthz'));
      await client.answer();
    }
    for (const client of all) client.send(request(path));
    const answers = Promise.all(all.map((client) => client.answer()));
    whileWaiting();
    return await answers;
  } finally {
    for (const client of all) client[Symbol.dispose]();
  }
}

function countOf(answers: readonly RawAnswer[], status: number): number {
  return answers.filter((answer) => answer.status === status).length;
}

function checkRefusals(answers: readonly RawAnswer[]): void {
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    assert.equal(answer.status, 503);
    assert.equal(errorOf(answer).reason, 'OVERLOADED');
    assert.match(answer.headers['retry-after'] ?? '', /^[123]$/);
  }
}

async function ofBusyServer(options: Partial<HttpServerOptions> = {}): Promise<readonly RawAnswer[]> {
  await using fixture = await serve((router) => {
    router.get('/healthz', () => ({ status: 'healthy' }));
    router.get('/burn', () => {
      const until = performance.now() + 20;
      while (performance.now() < until);
      return {};
    });
  }, options);
  return await burst(fixture.port, '/burn');
}

/** A route that waits for something that takes no more than two. */
async function ofWaitingServer(options: Partial<HttpServerOptions> = {}): Promise<readonly RawAnswer[]> {
  const opened = gate();
  let refusedOrWaiting = 0;
  const everybody = gate();
  const arrived = () => {
    if (++refusedOrWaiting === clients) everybody.resolve();
  };
  await using fixture = await serve((router) => {
    router.get('/healthz', () => ({ status: 'healthy' }));
    router.get('/wait', async () => {
      arrived();
      await opened.promise;
      return {};
    });
  }, options);
  return await burst(fixture.port, '/wait', () => {
    if (options.guard === false) void everybody.promise.then(() => opened.resolve());
    else setTimeout(() => opened.resolve(), 50);
  });
}

test('a server that is kept busy refuses what would wait for too long, and answers the others', async () => {
  const answers = await ofBusyServer();

  assert.ok(countOf(answers, 200) >= 1);
  assert.ok(countOf(answers, 503) >= 1);
  checkRefusals(answers);
});

test('a server without guard takes on everything, however long it takes', async () => {
  assert.equal(countOf(await ofBusyServer({ guard: false }), 200), clients);
});

test('a server runs no more calls of a method than its limit', async () => {
  const answers = await ofWaitingServer({ guard: { initialConcurrency: 2, minConcurrency: 1, maxConcurrency: 2 } });

  assert.ok(countOf(answers, 200) >= 2);
  assert.ok(countOf(answers, 503) >= 1);
  checkRefusals(answers);
});

test('a server without guard runs as many calls at a time as come', async () => {
  assert.equal(countOf(await ofWaitingServer({ guard: false }), 200), clients);
});

test('a guard can be looked at and changed while its server runs', async () => {
  await using fixture = await serve((router) => router.get('/', () => ({})));
  using client = new RawClient(fixture.port);
  await client.send(request('/')).answer();

  fixture.server.guard?.configure({ heapHighShare: 0.1, heapFullShare: 0.1 });

  assert.equal(fixture.server.guard?.snapshot().methods[0]?.name, 'test/GET /');
  assert.equal(fixture.server.guard?.snapshot().isOverloaded, false);
});

test('a call that nobody waits for any more is not begun', async () => {
  await using fixture = await serve((router) => router.get('/', () => assert.fail('it was begun')));
  using client = new RawClient(fixture.port);

  const answer = await client.send(request('/', 'flotilla-timeout-ms: 0\r\n')).answer();

  assert.equal(answer.status, 504);
  assert.equal(errorOf(answer).reason, 'DEADLINE_TOO_SHORT');
});
