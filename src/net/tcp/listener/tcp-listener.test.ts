import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { isStatusError, type StatusError } from '../../../errors/index.ts';
import { listenError } from './listen-error.ts';
import { tcpListener } from './tcp-listener.ts';

const ctx = background();

describe('tcpListener', () => {
  it('hands each connection over and answers with the real port', async () => {
    const listener = tcpListener({ port: 0 });

    const { host, port } = await listener.start(ctx, (socket) => socket.end('hello'));

    assert.equal(host, '127.0.0.1');
    assert.equal(await readAll(port), 'hello');
    await listener.stop();
  });

  it('lets open connections live on when it stops, and refuses new ones', async () => {
    const listener = tcpListener({ port: 0 });
    const accepted = Promise.withResolvers<import('node:net').Socket>();
    const { port } = await listener.start(ctx, accepted.resolve);
    const client = connect(port, '127.0.0.1');
    const server = await accepted.promise;

    await listener.stop();
    await listener.stop();

    await assert.rejects(readAll(port), { code: 'ECONNREFUSED' });
    server.end('still here');
    assert.equal(String((await once(client, 'data'))[0]), 'still here');
  });

  it('says which port is taken and what to do', async () => {
    const first = tcpListener({ port: 0 });
    const { port } = await first.start(ctx, (socket) => socket.destroy());

    const error = await failure(tcpListener({ port }).start(ctx, () => {}));

    assert.equal(error.code, 'already_exists');
    assert.equal(error.reason, 'ADDRESS_IN_USE');
    assert.match(error.message, new RegExp(`127.0.0.1:${port} is already in use.*choose another port`));
    await first.stop();
  });

  it('shares a port between two listeners with reusePort', {
    skip: process.platform !== 'linux' && 'Linux only',
  }, async () => {
    const first = tcpListener({ port: 0, reusePort: true });
    const { port } = await first.start(ctx, (socket) => socket.end('one of two'));
    const second = tcpListener({ port, reusePort: true });
    await second.start(ctx, (socket) => socket.end('one of two'));

    assert.equal(await readAll(port), 'one of two');
    await Promise.all([first.stop(), second.stop()]);
  });

  it('refuses an address of another machine', async () => {
    const error = await failure(tcpListener({ host: '192.0.2.1', port: 0 }).start(ctx, () => {}));

    assert.equal(error.reason, 'ADDRESS_NOT_AVAILABLE');
    assert.match(error.message, /"192\.0\.2\.1" is not an address of this machine/);
  });

  it('throws a RangeError for a port that is none', () => {
    for (const port of [-1, 65536, 1.5, Number.NaN]) assert.throws(() => tcpListener({ port }), RangeError);
  });

  it('refuses to start twice', async () => {
    const listener = tcpListener({ port: 0 });
    await listener.start(ctx, () => {});

    await assert.rejects(
      listener.start(ctx, () => {}),
      TypeError,
    );
    await listener.stop();
  });

  it('gives the port back when the start is canceled', async () => {
    const canceled = ctx.withCancel();
    canceled.cancel();

    const error = await failure(tcpListener({ port: 0 }).start(canceled, () => {}));

    assert.equal(error.code, 'canceled');
  });
});

describe('listenError', () => {
  const table = [
    ['EACCES', 'permission_denied', 'PORT_NOT_PERMITTED'],
    ['ENOTFOUND', 'invalid_argument', 'ADDRESS_NOT_AVAILABLE'],
    ['ENOTSUP', 'unimplemented', 'REUSE_PORT_UNSUPPORTED'],
    ['EMFILE', 'unavailable', 'LISTEN_FAILED'],
  ] as const;
  for (const [errno, code, reason] of table) {
    it(`makes ${code} ${reason} of ${errno}`, () => {
      const error = listenError(Object.assign(new Error(errno), { code: errno }), { host: '::1', port: 80 });

      assert.deepEqual([error.code, error.reason, error.metadata.port], [code, reason, '80']);
      assert.ok(error.message.includes(errno === 'ENOTFOUND' ? '"::1"' : '[::1]:80'));
    });
  }
});

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown) => thrown,
  );
  assert.ok(isStatusError(error), String(error));
  return error;
}

async function readAll(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}
