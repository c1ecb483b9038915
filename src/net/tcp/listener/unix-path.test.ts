import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { isStatusError, type StatusError } from '../../../errors/index.ts';
import { dial } from '../connection/dial.ts';
import { serve } from '../connection/serve.ts';
import { lines } from '../framing/lines.ts';
import { urlOf } from './listener.ts';
import { tcpListener } from './tcp-listener.ts';

const ctx = background();

describe('a Unix socket', { timeout: 30_000, skip: process.platform === 'win32' && 'Windows has none' }, () => {
  test('serves as a port does, and is gone afterwards', async () => {
    using folder = temporary();
    const path = join(folder.path, 'echo.sock');
    const server = serve({
      name: 'echo',
      path,
      codec: lines(),
      drainGraceMs: 0,
      async handler(_, connection) {
        for await (const line of connection) await connection.write(ctx, `${line} ${connection.remoteAddress.family}`);
      },
    });
    const [endpoint] = await server.start(ctx);

    assert.equal(endpoint?.url, `tcp+unix://${encodeURIComponent(path)}`);
    await using connection = await dial(ctx, { path, codec: lines() });
    await connection.write(ctx, 'hello');
    assert.equal(await connection.read(ctx), 'hello unix');
    await connection.close();
    await server.stop(ctx);
    assert.equal(existsSync(path), false);
  });

  test('replaces one that a process has left behind', async () => {
    using folder = temporary();
    const path = join(folder.path, 'left.sock');
    const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', program]);
    assert.equal(statSync(path).isSocket(), true);

    const listener = tcpListener({ path });
    await listener.start(ctx, (socket) => socket.end('new\n'));

    await using connection = await dial(ctx, { path, codec: lines() });
    assert.equal(await connection.read(ctx), 'new');
    await listener.stop();
  });

  test('does not replace one that somebody listens on, nor a file', async () => {
    using folder = temporary();
    const [live, file] = [join(folder.path, 'live.sock'), join(folder.path, 'file')];
    const first = tcpListener({ path: live });
    await first.start(ctx, (socket) => socket.on('error', () => {}).end('first\n'));
    writeFileSync(file, 'precious');

    for (const path of [live, file]) {
      const error = await failure(tcpListener({ path }).start(ctx, () => {}));
      assert.deepEqual([error.code, error.reason, error.metadata.path], ['already_exists', 'ADDRESS_IN_USE', path]);
    }

    await using connection = await dial(ctx, { path: live, codec: lines() });
    assert.equal(await connection.read(ctx), 'first');
    await first.stop();
    assert.equal(statSync(file).size, 8);
  });

  test('has the mode that it was given', async () => {
    using folder = temporary();
    const path = join(folder.path, 'mode.sock');
    const listener = tcpListener({ path, mode: 0o600 });

    await listener.start(ctx, () => {});

    assert.equal(statSync(path).mode & 0o777, 0o600);
    await listener.stop();
  });

  test('may have a name without a file', { skip: process.platform !== 'linux' && 'Linux only' }, async () => {
    const path = `\0flotilla-test-${process.pid}`;
    const listener = tcpListener({ path });
    const address = await listener.start(ctx, (socket) => socket.end('abstract\n'));

    await using connection = await dial(ctx, { path, codec: lines() });

    assert.equal(await connection.read(ctx), 'abstract');
    assert.deepEqual(address, { host: 'localhost', port: 0, path });
    await listener.stop();
  });

  test('says what is wrong with its place', async () => {
    const error = await failure(tcpListener({ path: '/nowhere/at/all.sock' }).start(ctx, () => {}));

    // What the kernel says of a folder that is not there differs from one to the other.
    assert.ok(['LISTEN_FAILED', 'PATH_NOT_PERMITTED'].includes(error.reason), error.reason);
    assert.match(error.message, /\/nowhere\/at\/all\.sock/);
  });

  test('cannot be dialed where nobody listens', async () => {
    const error = await failure(dial(ctx, { path: '/nowhere.sock' }));

    assert.deepEqual([error.reason, error.metadata.code], ['CONNECT_FAILED', 'ENOENT']);
  });

  test('has a path, and nothing that is of ports', () => {
    assert.throws(() => tcpListener({ path: 'p'.repeat(200) }), RangeError);
    assert.throws(() => tcpListener({ path: '' }), RangeError);
    assert.throws(() => tcpListener({ path: '/x', port: 1 }), TypeError);
    assert.throws(() => tcpListener({ path: '/x', host: '::1' }), TypeError);
    assert.throws(() => tcpListener({ path: '/x', reusePort: true }), TypeError);
    assert.throws(() => tcpListener({ port: 0, mode: 0o600 }), TypeError);
    assert.throws(() => tcpListener({}), RangeError);
  });
});

test('the URL of a listener says how to reach it', () => {
  const table: [Parameters<typeof urlOf>, string][] = [
    [[{ host: '127.0.0.1', port: 80 }, 'http'], 'http://127.0.0.1:80'],
    [[{ host: '::1', port: 80, isSecure: true }, 'http'], 'https://[::1]:80'],
    [[{ host: '::1', port: 80, isSecure: true }, 'tcp'], 'tls://[::1]:80'],
    [[{ host: 'localhost', port: 0, path: '/run/x.sock' }, 'http'], 'http+unix://%2Frun%2Fx.sock'],
  ];
  for (const [[address, scheme], url] of table) assert.equal(urlOf(address, scheme), url);
});

function temporary() {
  const path = mkdtempSync(join(tmpdir(), 'flotilla-unix-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isStatusError(error), String(error));
  return error;
}
