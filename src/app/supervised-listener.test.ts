import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { background } from '../concurrency/index.ts';
import { supervisedListener } from './supervised-listener.ts';
import type { FromSupervisor, SupervisorChannel, ToSupervisor } from './supervisor-channel.ts';

const ctx = background();

class FakeChannel implements SupervisorChannel {
  readonly sent: ToSupervisor[] = [];
  #receive: ((message: FromSupervisor, socket: Socket | undefined) => void)[] = [];

  async send(message: ToSupervisor): Promise<void> {
    this.sent.push(message);
  }

  onMessage(fn: (message: FromSupervisor, socket: Socket | undefined) => void): () => void {
    this.#receive.push(fn);
    return () => {};
  }

  onDisconnect(): void {}

  connection(id: number, socket: Socket | undefined, about: { name?: string; service?: string } = {}): void {
    for (const receive of this.#receive) receive({ type: 'connection', id, name: 'http', ...about }, socket);
  }
}

describe('a supervised listener', () => {
  it('asks for its connections and tells the address of the supervisor', async () => {
    const channel = new FakeChannel();
    const listener = supervisedListener({ channel, name: 'http', port: 8080 });

    assert.deepEqual(await listener.start(ctx, () => {}), { host: '127.0.0.1', port: 8080 });
    assert.deepEqual(channel.sent, [{ type: 'listen', name: 'http' }]);
  });

  it('hands each connection over and acknowledges it', async () => {
    const channel = new FakeChannel();
    const served: Socket[] = [];
    const listener = supervisedListener({ channel, name: 'http', port: 8080 });
    await listener.start(ctx, (socket) => served.push(socket));
    const socket = new Socket();

    channel.connection(7, socket);

    assert.deepEqual(served, [socket]);
    assert.deepEqual(channel.sent.at(-1), { type: 'accepted', id: 7 });
  });

  it('acknowledges one whose peer left on the way, and serves nothing', async () => {
    const channel = new FakeChannel();
    const served: Socket[] = [];
    await supervisedListener({ channel, name: 'http', port: 8080 }).start(ctx, (socket) => served.push(socket));

    channel.connection(7, undefined);

    assert.deepEqual(served, []);
    assert.deepEqual(channel.sent.at(-1), { type: 'accepted', id: 7 });
  });

  it('leaves the connections of others alone', async () => {
    const channel = new FakeChannel();
    const served: string[] = [];
    for (const service of ['gateway', 'admin']) {
      await supervisedListener({ channel, name: 'http', service, port: 8080 }).start(ctx, () => served.push(service));
    }

    channel.connection(1, new Socket(), { service: 'admin' });
    channel.connection(2, new Socket(), { name: 'rpc', service: 'admin' });

    assert.deepEqual(served, ['admin']);
    assert.deepEqual(channel.sent, [
      { type: 'listen', name: 'http', service: 'gateway' },
      { type: 'listen', name: 'http', service: 'admin' },
      { type: 'accepted', id: 1 },
    ]);
  });

  it('lets go of one that comes after its stop, unacknowledged, so that another process gets it', async () => {
    const channel = new FakeChannel();
    const served: Socket[] = [];
    const listener = supervisedListener({ channel, name: 'http', port: 8080 });
    await listener.start(ctx, (socket) => served.push(socket));
    const socket = new Socket();

    await listener.stop();
    channel.connection(7, socket);

    assert.equal(socket.destroyed, true);
    assert.deepEqual(served, []);
    assert.equal(channel.sent.length, 1);
  });
});
