import assert from 'node:assert/strict';
import { it } from 'node:test';
import { noCgroup, readCgroup } from './cgroup.ts';

const from = (files: Readonly<Record<string, string>>) => async (path: string) => files[path];

it('reads the limits of version 2', async () => {
  const read = from({
    '/proc/self/cgroup': '0::/pod/app\n',
    '/sys/fs/cgroup/pod/app/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/pod/app/memory.max': '1000000\n',
    '/sys/fs/cgroup/pod/app/memory.current': '600000\n',
    '/sys/fs/cgroup/pod/app/memory.stat': 'anon 1\ninactive_file 200000\n',
  });

  assert.deepEqual(await readCgroup(read), { cpus: 1.5, memoryBytes: 400_000, memoryLimitBytes: 1_000_000 });
});

it('takes the root of the mount where the path is that of the host', async () => {
  const read = from({
    '/proc/self/cgroup': '0::/kubepods/pod1/abc\n',
    '/sys/fs/cgroup/cpu.max': '50000 100000\n',
    '/sys/fs/cgroup/memory.max': 'max\n',
    '/sys/fs/cgroup/memory.current': '5\n',
  });

  assert.deepEqual(await readCgroup(read), { cpus: 0.5, memoryBytes: 5, memoryLimitBytes: Number.POSITIVE_INFINITY });
});

it('reads the limits of version 1', async () => {
  const read = from({
    '/proc/self/cgroup': '5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n0::/\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    '/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes': '9223372036854771712\n',
    '/sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes': '700\n',
    '/sys/fs/cgroup/memory/docker/x/memory.stat': 'total_inactive_file 100\n',
  });

  assert.deepEqual(await readCgroup(read), { cpus: 2, memoryBytes: 600, memoryLimitBytes: Number.POSITIVE_INFINITY });
});

it('says nothing where there is none, and no limit where there is no quota', async () => {
  assert.deepEqual(await readCgroup(from({})), noCgroup);
  const none = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' };
  assert.equal((await readCgroup(from(none))).cpus, Number.POSITIVE_INFINITY);
});
