import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as errors from '../errors/index.ts';
import { GuardErrors } from '../guard/index.ts';
import { createRouter } from '../net/http/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { createLocalNetwork } from './local-network.ts';
import { createRpcServer } from './server.ts';
import { inTime, root } from './testdata/calls.ts';
import { type FixtureOptions, networkFixture } from './testdata/fixture.ts';

const one = { initialConcurrency: 1, minConcurrency: 1, maxConcurrency: 1 };

/** A server whose first call of GetRoom runs until `release`. */
async function held(options: FixtureOptions = {}) {
  const began = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const fixture = await networkFixture({
    ...options,
    client: { timeoutMs: 0 },
    handlers: {
      async getRoom(_ctx, { id }) {
        began.resolve();
        if (id === 'first') await release.promise;
        return { room: { id } };
      },
    },
  });
  const first = fixture.client.getRoom(root, { id: 'first' });
  await began.promise;
  return { fixture, first, release };
}

describe('a guarded server', inTime, () => {
  test('refuses calls that find as many running as may', async () => {
    const { fixture, first, release } = await held({ server: { guard: one } });
    await using _ = fixture;

    const others = Array.from({ length: 30 }, () => fixture.client.getRoom(root, { id: 'first' }));
    const refused = await Promise.race(others.map((call) => call.catch((error: unknown) => error)));
    release.resolve();
    await Promise.allSettled(others);

    assert.ok(errors.isStatusError(refused) && errors.is(refused, GuardErrors.OVERLOADED), String(refused));
    assert.equal((await first).room?.id, 'first');
  });

  test('takes on everything without its guard', async () => {
    const { fixture, first, release } = await held({ server: { guard: false } });
    await using _ = fixture;

    assert.equal((await fixture.client.getRoom(root, { id: '2' })).room?.id, '2');
    release.resolve();
    await first;
  });

  test('asks its guard once about each RPC, and about plain routes', async () => {
    const http = createRouter();
    http.get('/plain', () => ({}));
    const server = createRpcServer({ listener: tcpListener({ port: 0 }), services: [], name: 'room', http });
    const [endpoint] = await server.start(root);
    try {
      assert.equal((await fetch(`${endpoint?.url}/plain`)).status, 200);

      const counts = server.guard?.snapshot().methods.map(({ name, decisions }) => [name, decisions[0]?.count]);
      assert.deepEqual(counts, [['room/GET /plain', 1]]);
    } finally {
      await server.stop(root);
    }
  });

  test('does not count what its own process asks of it', async () => {
    const local = createLocalNetwork();
    await using fixture = await networkFixture({ server: { guard: one, local }, client: { local } });

    const rooms = await Promise.all([1, 2, 3].map((id) => fixture.client.getRoom(root, { id: String(id) })));

    assert.deepEqual(
      rooms.map(({ room }) => room?.id),
      ['1', '2', '3'],
    );
  });
});
