import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { z } from 'zod';
import { background, type CancelContext, type Context, chan, sleep } from '../concurrency/index.ts';
import { createTelemetry, withTelemetry } from '../observe/index.ts';
import { type WatchConfigOptions, type WatchedConfig, watchConfig } from './watch-config.ts';

const schema = z.object({ greeting: z.string().default('hello'), size: z.number().int().max(9).default(1) });
type Config = z.infer<typeof schema>;

let directory = '';
let life: CancelContext;
let lines: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flotilla-watch-config-'));
  lines = [];
  const telemetry = createTelemetry({
    resource: { service: 'room', version: '1', instance: 'room-1' },
    runtimeMetrics: false,
    write: (line) => lines.push(line),
  });
  life = withTelemetry(background().withTimeout(60_000), telemetry).withCancel();
});

afterEach(async () => {
  life.cancel();
  await rm(directory, { recursive: true });
});

/** Follows `config.yaml`, looking often; gives the changes as they come. */
async function follow(options: Partial<WatchConfigOptions> = {}, ctx: Context = life) {
  const changes = chan<readonly [next: Config, previous: Config]>(100);
  const file = join(directory, 'config.yaml');
  const quick = { env: {}, file, settleMs: 5, pollMs: 20, ...options };
  const config: WatchedConfig<Config> = await watchConfig(ctx, schema, quick, (next, previous) =>
    changes.send(ctx, [next, previous]),
  );
  return { config, file, next: async () => (await changes.recv(life))! };
}

const inDirectory = (name: string) => join(directory, name);

/** At once: a file that is being written is empty for a moment, which is valid, too. */
async function put(file: string, text: string): Promise<void> {
  await writeFile(`${file}.next`, text);
  await rename(`${file}.next`, file);
}

describe('watchConfig', () => {
  it('tells what holds now and what held before, change by change', async () => {
    await writeFile(inDirectory('config.yaml'), 'size: 2');
    const { config, file, next } = await follow();
    assert.equal(config.value.size, 2);

    await put(file, 'size: 3');
    const first = await next();
    await put(file, 'size: 4\ngreeting: hi');
    const second = await next();

    assert.deepEqual(first, [
      { greeting: 'hello', size: 3 },
      { greeting: 'hello', size: 2 },
    ]);
    assert.deepEqual(second, [
      { greeting: 'hi', size: 4 },
      { greeting: 'hello', size: 3 },
    ]);
    assert.deepEqual(config.value, { greeting: 'hi', size: 4 });
    await config.close();
  });

  it('sees a file that an editor has renamed into place, by the events of the directory alone', async () => {
    await writeFile(inDirectory('config.yaml'), 'size: 2');
    const { config, file, next } = await follow({ pollMs: 2 ** 30 });

    await writeFile(inDirectory('.config.yaml.swp'), 'size: 3');
    await rename(inDirectory('.config.yaml.swp'), file);

    assert.equal((await next())[0].size, 3);
    await config.close();
  });

  it('sees the link that Kubernetes swaps for a ConfigMap, by the events of the directory alone', async () => {
    for (const [name, text] of [
      ['..v1', 'size: 2'],
      ['..v2', 'size: 3'],
    ] as const) {
      await mkdir(inDirectory(name));
      await writeFile(join(inDirectory(name), 'config.yaml'), text);
    }
    await symlink('..v1', inDirectory('..data'));
    await symlink('..data/config.yaml', inDirectory('config.yaml'));
    const { config, next } = await follow({ pollMs: 2 ** 30 });

    await symlink('..v2', inDirectory('..data_tmp'));
    await rename(inDirectory('..data_tmp'), inDirectory('..data'));

    assert.equal((await next())[0].size, 3);
    await config.close();
  });

  it('keeps what held when the file becomes invalid or goes, logs each problem once, and takes the next valid one', async () => {
    await writeFile(inDirectory('config.yaml'), 'size: 2');
    const { config, file, next } = await follow();

    await put(file, 'size: 99');
    await logged('size is 99', 1);
    await put(file, 'size: 99 # again');
    await put(file, 'greeting: [');
    await logged('config.yaml:1:', 1);
    await rm(file);
    await logged('ENOENT', 1);
    assert.equal(config.value.size, 2);
    await put(file, 'size: 4');

    assert.deepEqual(
      (await next()).map(({ size }) => size),
      [4, 2],
    );
    assert.equal(lines.filter((line) => line.includes('size is 99')).length, 1);
    await config.close();
  });

  it('takes what was refused once it is accepted, though the file is the same', async () => {
    let isAccepted = true;
    const fussy = schema.refine(() => isAccepted, 'not now');
    const file = join(directory, 'config.yaml');
    await put(file, 'size: 1');
    const said = chan<number>(10);
    const onChange = ({ size }: Config) => said.send(life, size);
    const config = await watchConfig(life, fussy, { env: {}, file, settleMs: 1, pollMs: 10 }, onChange);

    isAccepted = false;
    await put(file, 'size: 2');
    while (!lines.join('').includes('not now')) await sleep(life, 5);
    isAccepted = true;

    assert.equal(await said.recv(life), 2);
    await config.close();
  });

  it('refuses times that are none', async () => {
    const load = (options: WatchConfigOptions) => watchConfig(life, schema, { env: {}, ...options }, () => {});

    await assert.rejects(load({ pollMs: 0 }), /pollMs is 0; it must be from 1/);
    await assert.rejects(load({ settleMs: Number.NaN }), /settleMs is NaN/);
  });

  it('believes an empty file when it is still empty at the next look', async () => {
    await writeFile(inDirectory('config.yaml'), 'size: 2');
    const { config, file, next } = await follow();

    await put(file, '');

    assert.deepEqual((await next())[0], { greeting: 'hello', size: 1 });
    await config.close();
  });

  it('follows an optional file that is made later', async () => {
    const { config, file, next } = await follow({ file: { path: inDirectory('config.yaml'), optional: true } });
    assert.equal(config.value.size, 1);

    await put(file, 'size: 5');

    assert.equal((await next())[0].size, 5);
    await config.close();
  });

  it('goes on when onChange throws: the value holds, and the log says why', async () => {
    const file = inDirectory('config.yaml');
    await put(file, 'size: 2');
    const config = await watchConfig(life, schema, { env: {}, file, settleMs: 5, pollMs: 20 }, () => {
      throw new RangeError('too many');
    });

    await put(file, 'size: 3');
    await logged('too many', 1);
    await put(file, 'size: 4');
    await logged('too many', 2);

    assert.equal(config.value.size, 4);
    await config.close();
  });

  it('close waits for an onChange that runs, and none comes after it', async () => {
    const file = inDirectory('config.yaml');
    await put(file, 'size: 2');
    const [entered, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const steps: string[] = [];
    const config = await watchConfig(life, schema, { env: {}, file, settleMs: 5, pollMs: 20 }, async () => {
      entered.resolve();
      await leave.promise;
      steps.push('changed');
    });
    await put(file, 'size: 3');
    await entered.promise;

    const closed = config.close().then(() => steps.push('closed'));
    leave.resolve();
    await closed;
    await config.close();

    assert.deepEqual(steps, ['changed', 'closed']);
  });

  it('rejects like loadConfig when the first load fails, and ends with its Context', async () => {
    await writeFile(inDirectory('config.yaml'), 'size: 99');
    await assert.rejects(follow(), { reason: 'INVALID_CONFIG' });
    await writeFile(inDirectory('config.yaml'), 'size: 2');
    const own = life.withCancel();
    const { config } = await follow({}, own);

    own.cancel();

    await config.close();
    assert.equal(config.value.size, 2);
  });
});

/** Waits for so many log lines with the text. */
async function logged(text: string, times: number): Promise<void> {
  while (lines.filter((line) => line.includes(text)).length < times) {
    life.throwIfDone();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
