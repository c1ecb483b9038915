import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background } from '../concurrency/index.ts';
import { supervisedListener } from './supervised-listener.ts';
import type { FromSupervisor, SupervisorChannel, ToSupervisor } from './supervisor-channel.ts';

const ctx = background();

/** Where a test says what a supervisor would say. That a process accepts on what it inherits is run-process.test.ts's. */
class FakeChannel implements SupervisorChannel {
  readonly sent: ToSupervisor[] = [];
  readonly #receivers = new Set<(message: FromSupervisor) => void>();

  get listeners(): number {
    return this.#receivers.size;
  }

  async send(message: ToSupervisor): Promise<void> {
    this.sent.push(message);
  }

  onMessage(fn: (message: FromSupervisor) => void): () => void {
    this.#receivers.add(fn);
    return () => this.#receivers.delete(fn);
  }

  onDisconnect(): void {}

  say(message: FromSupervisor): void {
    for (const receive of this.#receivers) receive(message);
  }
}

describe('a supervised listener', () => {
  it('asks for its port and tells the address of the supervisor', async () => {
    const channel = new FakeChannel();
    const listener = supervisedListener({ channel, name: 'http', service: 'web', port: 8080 });

    assert.deepEqual(await listener.start(ctx, () => {}), { host: '127.0.0.1', port: 8080 });
    assert.deepEqual(channel.sent, [{ type: 'listen', name: 'http', service: 'web' }]);
  });

  it('leaves the ports of others alone', async () => {
    const channel = new FakeChannel();
    const listener = supervisedListener({ channel, name: 'http', service: 'web', port: 8080 });
    await listener.start(ctx, () => assert.fail('it accepted'));

    // A descriptor that does not exist would end the process.
    channel.say({ type: 'accept', name: 'http', service: 'admin', descriptor: 9999 });
    channel.say({ type: 'accept', name: 'rpc', service: 'web', descriptor: 9999 });
    channel.say({ type: 'drain' });

    await listener.stop();
  });

  it('hears no more once it has stopped', async () => {
    const channel = new FakeChannel();
    const listener = supervisedListener({ channel, name: 'http', port: 8080 });
    await listener.start(ctx, () => {});

    await listener.stop();
    await listener.stop();

    assert.equal(channel.listeners, 0);
  });
});
