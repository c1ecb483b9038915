import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { background } from 'flotilla/concurrency';
import { type CloseInfo, dial } from 'flotilla/net/websocket';
import { serveWebSocket } from '../../src/net/websocket/websocket.fixture.ts';
import { assertHeard, conversation } from '../conformance/websocket/conversation.ts';
import { output, startProgram } from './program.ts';

/** Against Debian's python3-websockets, both ways. */
const ctx = background();
const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('websocket-peer.py', import.meta.url));
const seed = Date.now() % 1_000_000;

/** Why the tests are skipped; in CI a missing package is a failure. */
function missingModule(): string | false {
  if (spawnSync(python, ['-c', 'import websockets']).status === 0) return false;
  const reason = 'not installed: python3-websockets (Debian has it)';
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

const options = { skip: missingModule(), timeout: 60_000 };

describe('python3-websockets', options, () => {
  for (const compression of ['deflate', 'none']) {
    test(`has everything echoed by our server, with compression ${compression}`, async () => {
      const ends: (CloseInfo | undefined)[] = [];
      await using server = await serveWebSocket(
        async (ctx, ws) => {
          for await (const message of ws) {
            if (message === 'close me') await ws.close(4002, 'as asked é');
            else await ws.send(ctx, message);
          }
          ends.push(ws.closed);
        },
        { protocols: ['a'], deflate: { thresholdBytes: 1 } },
      );

      const printed = await output(python, [script, 'talk', server.url, compression]);

      assert.match(printed, /all is well/);
      assert.deepEqual(ends[0], { code: 4001, reason: 'bye é', wasClean: true });
    });

    test(`echoes everything that our client says, with compression ${compression} (seed ${seed})`, async () => {
      await using server = await startProgram((port) => [python, script, 'serve', String(port), compression]);
      const url = `ws://127.0.0.1:${server.port}/`;
      await using ws = await dial(ctx, url, { protocols: ['x', 'b'], deflate: { thresholdBytes: 1 } });

      for (const message of conversation(seed)) {
        await ws.send(ctx, message);
        const heard = await ws.read(ctx);
        assertHeard([typeof heard === 'string' ? heard : Buffer.from(heard!)], [message]);
      }

      assert.deepEqual([ws.protocol, ws.isDeflated], ['b', compression === 'deflate']);
      assert.ok((await ws.ping(ctx)) >= 0);
      assert.deepEqual(await ws.close(4003, 'done'), { code: 4003, reason: 'done', wasClean: true });
    });
  }

  test('sends our client fragments, a ping and a Close', async () => {
    await using server = await startProgram((port) => [python, script, 'serve', String(port), 'deflate']);
    await using first = await dial(ctx, `ws://127.0.0.1:${server.port}/fragments`);
    await using second = await dial(ctx, `ws://127.0.0.1:${server.port}/close`);

    assert.deepEqual([await first.read(ctx), await first.read(ctx)], ['one,two,three', 'pong came']);
    assert.equal(await second.read(ctx), undefined);
    assert.deepEqual(second.closed, { code: 4000, reason: 'as asked é', wasClean: true });
  });
});
