import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTakingHeapSnapshot, mainThreadTimes } from './main-thread.ts';

test('a process takes a heap snapshot while it has the file open', { skip: !existsSync('/proc/self/fd') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-snapshot-'));
  const before = isTakingHeapSnapshot(process.pid);
  const file = openSync(join(directory, 'Heap.1.heapsnapshot'), 'w');
  const during = isTakingHeapSnapshot(process.pid);
  closeSync(file);
  rmSync(directory, { recursive: true });

  assert.deepEqual([before, during, isTakingHeapSnapshot(process.pid)], [false, true, false]);
});

test('a thread that works has run', { skip: !existsSync('/proc/self/schedstat') }, () => {
  const before = mainThreadTimes(process.pid)!;
  const end = process.cpuUsage().user + 50_000;
  while (process.cpuUsage().user < end);

  const after = mainThreadTimes(process.pid)!;

  assert.ok(after.ranMs > before.ranMs, `${before.ranMs} to ${after.ranMs}`);
  assert.ok(after.waitedMs >= before.waitedMs);
  assert.equal(mainThreadTimes(2 ** 22 + 1), undefined);
});
