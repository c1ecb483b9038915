import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { background, sleep } from 'flotilla/concurrency';
import { startFleet } from 'flotilla/testing';
import { LiveClient } from '../e2e/live-client.ts';

const file = fileURLToPath(new URL('../../examples/live/fleet.ts', import.meta.url));

test('kill -9 of a room replica under load: no error after the first second, no acknowledged write lost, the replica comes back', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-kill-'));
  const ctx = background();
  const fleet = await startFleet(ctx.withTimeout(60_000), file, { dataDir });
  try {
    const client = new LiveClient(fleet.app);
    const user = await client.signUp();
    const room = await client.createRoom(user);
    const acknowledged: string[] = [];
    const failures: { atMs: number; what: string }[] = [];
    let sending = true;
    let sent = 0;
    const writer = async () => {
      while (sending) {
        const text = `message ${sent++}`;
        const atMs = performance.now();
        try {
          const { status, body } = await client.call('POST', `/v1/rooms/${room}/messages`, { user, body: { text } });
          if (status === 200) acknowledged.push(text);
          // The one that is left may have too much to do on a busy machine: it says so, and a client comes back.
          else if (status === 503 && isBusy(body)) await sleep(ctx, 100);
          else failures.push({ atMs, what: `${status} ${JSON.stringify(body)}` });
        } catch (error) {
          failures.push({ atMs, what: String(error) });
        }
      }
    };
    const writers = Promise.all(Array.from({ length: 8 }, writer));
    await sleep(ctx, 500);
    const victim = fleet.instances().get('room-1');
    assert.ok(victim !== undefined);

    const killedAt = performance.now();
    process.kill(victim, 'SIGKILL');
    await fleet.printed(
      ctx.withTimeout(60_000),
      /room-1[^\n]*(SIGKILL|signal 9|exited|ended|crashed)[\s\S]*room-1[^\n]*ready/i,
    );
    await sleep(ctx, 1500);
    sending = false;
    await writers;

    const late = failures.filter(({ atMs }) => atMs > killedAt + 1000 || atMs < killedAt - 1000);
    assert.deepEqual(late, []);
    const stored = new Set(await client.messages(user, room));
    assert.deepEqual(
      acknowledged.filter((text) => !stored.has(text)),
      [],
    );
    assert.ok(acknowledged.length > 100, `${acknowledged.length} writes were acknowledged`);
    const again = [...fleet.instances()].filter(([instance, pid]) => /^room-1\b/.test(instance) && pid !== victim);
    assert.equal(again.length, 1, 'the replica was restarted');
  } finally {
    await fleet.stop(ctx.withTimeout(30_000));
    rmSync(dataDir, { recursive: true, force: true });
  }
});

function isBusy(body: unknown): boolean {
  return (body as { readonly reason?: unknown } | undefined)?.reason === 'OVERLOADED';
}
