import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { background, sleep } from '../../concurrency/index.ts';
import { noTelemetry } from '../../observe/index.ts';
import { descendants } from '../../testing/fleet-process.ts';
import { exitCodes } from '../run-process.ts';
import { SpawnedService } from '../testdata/spawn-service.ts';
import type { CpuProfile } from './cpu-profile.ts';
import { startWatchdog } from './watchdog.ts';

const asFirstProcess = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;
const mayUnshare = spawnSync(asFirstProcess[0], [...asFirstProcess.slice(1), 'true']).status === 0;

/** Processes with a directory of their own. */
class Place implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'flotilla-watchdog-'));
  readonly #services: SpawnedService[] = [];

  start(env: Readonly<Record<string, string>> = {}, launcher?: typeof asFirstProcess): SpawnedService {
    const service = new SpawnedService({ FLOTILLA_DATA_DIR: this.directory, ...env }, 'watched-service.ts', launcher);
    this.#services.push(service);
    return service;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.#services) {
      service.child.kill('SIGKILL');
      await service.exit;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

interface StallLine {
  readonly level: string;
  readonly instance: string;
  readonly message: string;
  readonly profile?: string;
  readonly hottest?: readonly string[];
  readonly error: { readonly reason: string; readonly stack: string };
}

async function stallLine(service: SpawnedService): Promise<StallLine> {
  return JSON.parse(await service.said('the event loop')) as StallLine;
}

// Several at once: most of the time they wait.
describe('the watchdog', { concurrency: 3 }, () => {
  describe('a process whose event loop is stuck', { concurrency: 3 }, () => {
    for (const [path, name] of [
      ['/spin', /at spinForEver \(file:.*watched-service\.ts:\d+:\d+\)/],
      ['/promises', /at again \(file:.*watched-service\.ts:\d+:\d+\)/],
      ['/expression', /at .*watched-service\.ts:\d+:\d+/],
    ] as const) {
      it(`is profiled and killed, and the log says where it was: ${path}`, async () => {
        await using place = new Place();
        const service = place.start();
        const answer = fetch((await service.url()) + path).catch(() => 'cut');

        const line = await stallLine(service);

        assert.deepEqual(await service.exit, { code: null, signal: 'SIGKILL' });
        assert.equal(await answer, 'cut');
        assert.deepEqual([line.level, line.instance, line.error.reason], ['fatal', 'fixture-1', 'EVENT_LOOP_STUCK']);
        assert.match(line.error.stack, name);
        assert.equal(
          line.profile?.startsWith(join(place.directory, 'profiles', 'fixture-1-')),
          true,
          line.profile ?? 'no profile',
        );
        const profile = JSON.parse(readFileSync(line.profile!, 'utf8')) as CpuProfile;
        assert.ok(profile.nodes.some(({ callFrame }) => callFrame.url.endsWith('watched-service.ts')));
        assert.ok((line.hottest ?? []).length > 0);
      });
    }

    it('is killed in native code too, where it cannot be profiled, and the log says what it waits for', async () => {
      await using place = new Place();
      const service = place.start();
      const answer = fetch(`${await service.url()}/native`).catch(() => 'cut');
      await waitFor(() => descendants(service.child.pid!).length > 0);
      const sleepers = descendants(service.child.pid!);

      const line = await stallLine(service);

      assert.deepEqual(await service.exit, { code: null, signal: 'SIGKILL' });
      assert.equal(await answer, 'cut');
      assert.match(line.message, /stuck in native code: .*child processes: sleep/);
      assert.equal(line.profile, undefined);
      for (const pid of sleepers) process.kill(pid, 'SIGKILL');
    });

    for (const path of ['/spin', '/native']) {
      it(`ends as the first process of a container too, which no SIGKILL of its own reaches: ${path}`, {
        skip: !mayUnshare,
      }, async () => {
        await using place = new Place();
        const service = place.start({}, asFirstProcess);
        const answer = fetch((await service.url()) + path).catch(() => 'cut');

        assert.equal((await stallLine(service)).level, 'fatal');
        assert.deepEqual(await service.exit, { code: 137, signal: null });
        assert.equal(await answer, 'cut');
      });
    }

    it('is told of on stderr too where a supervisor reads it', async () => {
      await using place = new Place();
      const service = place.start({ FLOTILLA_SUPERVISED: '1' });
      const answer = fetch(`${await service.url()}/spin`).catch(() => 'cut');

      await service.exit;

      assert.equal(await answer, 'cut');
      assert.match(
        service.errorOutput,
        /^StatusError: fixture-1: the event loop is stuck.*\.cpuprofile\n {4}at spinForEver/,
      );
    });

    it('goes on when it turns again while it is looked at', async () => {
      await using place = new Place();
      const service = place.start({ PROFILE_MS: '3000' });
      const url = await service.url();
      const stalled = stallLine(service);
      let isTold = false;
      void stalled.finally(() => {
        isTold = true;
      });

      // A thread that gets no time may miss one pause.
      while (!isTold) assert.equal((await fetch(`${url}/pause`)).status, 200);

      const line = await stalled;
      assert.equal(line.level, 'error');
      assert.match(line.message, /was stuck, and goes on/);
      service.child.kill('SIGTERM');
      assert.deepEqual(await service.exit, { code: 0, signal: null });
    });
  });

  describe('a process that only looks stuck', { concurrency: 2 }, () => {
    it('is left alone when it was stopped and goes on', async () => {
      await using place = new Place();
      const service = place.start();
      const url = await service.url();

      service.child.kill('SIGSTOP');
      // Several times as long as a stuck loop is given.
      await sleep(background(), 3_000);
      service.child.kill('SIGCONT');

      assert.equal((await fetch(url)).status, 200);
      service.child.kill('SIGTERM');
      assert.deepEqual(await service.exit, { code: 0, signal: null });
      assert.ok(!service.lines.some((line) => line.includes('the event loop')), service.lines.join('\n'));
    });

    it('is left alone while it writes a heap snapshot', async () => {
      await using place = new Place();
      const service = place.start();
      const url = await service.url();

      assert.equal((await fetch(`${url}/snapshot`)).status, 200);

      service.child.kill('SIGTERM');
      assert.deepEqual(await service.exit, { code: 0, signal: null });
      assert.ok(!service.lines.some((line) => line.includes('the event loop')), service.lines.join('\n'));
    });

    const unwatched: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ['a debugger may have stopped it', { NODE_OPTIONS: '--inspect=127.0.0.1:0' }],
      ['FLOTILLA_WATCHDOG is off', { FLOTILLA_WATCHDOG: 'off' }],
    ];
    for (const [what, env] of unwatched) {
      it(`is left alone where ${what}`, async () => {
        await using place = new Place();
        const service = place.start(env);
        const url = await service.url();
        await fetch(`${url}/pause`);

        service.child.kill('SIGTERM');

        assert.deepEqual(await service.exit, { code: 0, signal: null });
        assert.ok(!service.lines.some((line) => line.includes('the event loop')), service.lines.join('\n'));
      });
    }
  });

  describe('a process that leaks memory', () => {
    it(`answers its running calls and exits ${exitCodes.memoryHigh}, with the numbers in the log`, async () => {
      await using place = new Place();
      const service = place.start({ FLOTILLA_SUPERVISED: '1', NODE_OPTIONS: '--max-old-space-size=100' });

      const answer = await fetch(`${await service.url()}/leak`);

      assert.deepEqual(await answer.json(), { leaked: true });
      assert.deepEqual(await service.exit, { code: exitCodes.memoryHigh, signal: null });
      const line = JSON.parse(await service.said('nearly used up')) as Readonly<Record<string, number>>;
      assert.ok(line.heapUsed! > 0.6 * line.heapLimit!, JSON.stringify(line));
      const failed = await service.told('failed');
      assert.equal(failed.code, 'MEMORY_HIGH');
      assert.match(String(failed.message), /the heap stays at \d+ of \d+ MiB/);
    });
  });
});

describe('options', () => {
  const setup = { telemetry: noTelemetry, instance: 'x', dataDir: '/tmp', tellsStderr: false, onMemoryHigh() {} };

  for (const [options, message] of [
    [{ stuckMs: 100 }, /watchdog: stuckMs is 100; it must be from 2000 to 2147483647/],
    [{ beatMs: 0 }, /watchdog: beatMs is 0; it must be from 1/],
    [{ profileMs: Number.NaN }, /watchdog: profileMs is NaN/],
    [{ maxProfiles: 0 }, /watchdog: maxProfiles is 0/],
    [{ memory: { highShare: 1 } }, /memory: highShare is 1; it must be a number between 0 and 1/],
    [{ memory: { windows: 1.5 } }, /memory: windows is 1.5; it must be a whole number/],
    [{ memory: { sampleMs: 0 } }, /memory: sampleMs is 0/],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => startWatchdog(background(), setup, options), { name: 'RangeError', message });
    });
  }
});

async function waitFor(holds: () => boolean): Promise<void> {
  using ctx = background().withTimeout(60_000);
  while (!holds()) await sleep(ctx, 10);
}
