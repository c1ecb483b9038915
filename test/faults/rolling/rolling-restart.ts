import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { background, sleep } from 'flotilla/concurrency';
import { restart } from 'flotilla/fleet';
import { startFleet } from 'flotilla/testing';
import { runLoad } from '../../../src/cli/load/run-load.ts';

const live = fileURLToPath(new URL('../../../examples/live/fleet.ts', import.meta.url));

const warmUpMs = 2_000;

export interface RollingRestartReport {
  readonly rounds: number;
  readonly sent: number;
  readonly ok: number;
  /** What failed, without those that a busy machine refused. */
  readonly failures: readonly string[];
  /** Refused with OVERLOADED: the machine was too small for the rate, and said so. */
  readonly refused: number;
  readonly p99Ms: number;
}

/**
 * The reference fleet under a mix of reads, messages and gifts (three of ten are POSTs), while `flotilla restart --rolling`
 * replaces every process of every service, so many times in a row.
 */
export async function rollingRestart(rounds: number, ratePerSecond: number): Promise<RollingRestartReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-rolling-'));
  using held = new DisposableStack();
  held.defer(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  using starting = background().withTimeout(120_000);
  await using fleet = await startFleet(starting, live, { dataDir });
  const before = new Set(fleet.instances().values());
  const prepared = Promise.withResolvers<void>();
  using loading = background().withCancel();
  const load = runLoad(loading, {
    ...{ url: new URL(fleet.app), scenario: 'calls', ratePerSecond, durationMs: 3_600_000, arrivals: 'poisson' },
    ...{ connections: 128, seed: 1, users: 10, rooms: 5, guests: 0, allowRemote: false },
    onProgress: () => prepared.resolve(),
  });
  await Promise.race([prepared.promise, load]);
  try {
    // The first seconds of a fleet are those of cold code: they are not what is looked at here.
    await sleep(background(), warmUpMs);
    for (let round = 1; round <= rounds; round++) {
      let text = '';
      const write = (chunk: string) => {
        text += chunk;
      };
      assert.equal(await restart({ services: [], isRolling: true, dataDir, write }), 0, text);
    }
  } catch (error) {
    throw new Error(fleet.output(), { cause: error });
  } finally {
    loading.cancel();
  }
  const { sent, ok, failures, latencyMs } = await load;
  const kept = [...fleet.instances()].filter(([name, pid]) => name !== 'backend' && before.has(pid));
  assert.deepEqual(kept, [], 'every process was replaced');
  const isRefusal = ({ reason }: { readonly reason: string }) => reason === 'OVERLOADED';
  return {
    rounds,
    sent,
    ok,
    failures: failures.filter((row) => !isRefusal(row)).map((row) => JSON.stringify(row)),
    refused: failures.filter(isRefusal).reduce((sum, { count }) => sum + count, 0),
    p99Ms: latencyMs.p99,
  };
}
