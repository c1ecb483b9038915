import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, rootContext } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import { virtualClock } from '../testing/index.ts';
import { instanceOf } from './registry.contract.ts';
import type { Lease, RegistryBackend } from './registry-backend.ts';
import { remoteRegistry } from './remote-registry.ts';

/** A store whose `register` does what it is told, and what was done to it. */
function storeOf(register: () => Promise<void>) {
  const done: string[] = [];
  const lease: Lease = {
    heartbeatMs: 1_000,
    async renew() {
      done.push('renew');
    },
    async release() {
      done.push('release');
    },
  };
  const backend: RegistryBackend = {
    name: 'the store',
    async register() {
      await register();
      return lease;
    },
    source: () => ({ async *read() {} }),
    async close() {
      done.push('close');
    },
  };
  const clock = virtualClock();
  return { done, clock, registry: remoteRegistry(backend, { ctx: rootContext(clock) }) };
}

describe('a remote registry that is closed while an instance is being registered', () => {
  it('waits for the try that is under way and takes out what it put there', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { registry, done, clock } = storeOf(() => promise);
    const registering = assert.rejects(registry.register(background(), instanceOf('room-1')), {
      reason: 'REGISTRY_CLOSED',
    });

    const closing = registry.close();
    resolve();
    await Promise.all([registering, closing]);
    await clock.advance(60_000);

    assert.deepEqual(done, ['release', 'close']);
    assert.equal(clock.pending, 0);
  });

  it('makes no more tries', async () => {
    let tries = 0;
    const tried = Promise.withResolvers<void>();
    const { registry, done } = storeOf(() => {
      tries++;
      tried.resolve();
      return Promise.reject(new StatusError('unavailable', 'away'));
    });
    const registering = assert.rejects(registry.register(rootContext(virtualClock()), instanceOf('room-1')), {
      reason: 'REGISTRY_CLOSED',
    });

    await tried.promise;
    await registry.close();
    await registering;

    assert.equal(tries, 1);
    assert.deepEqual(done, ['close']);
  });

  it('does not wait for ever, and nothing is renewed after it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { registry, done, clock } = storeOf(() => promise);
    const registering = assert.rejects(registry.register(background(), instanceOf('room-1')), {
      reason: 'REGISTRY_CLOSED',
    });

    await registry.close();
    resolve();
    await registering;
    await clock.advance(60_000);

    assert.deepEqual(done, ['close']);
  });
});
