import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { background } from '../concurrency/index.ts';
import { createTelemetry, type TelemetryOptions } from './index.ts';

const resource = { service: 'room', version: '1.0.0', instance: 'room-1' };

/** The lines that a program of its own writes to stdout, a pipe. */
async function run(source: string): Promise<{ readonly lines: string[]; readonly code: number | null }> {
  const program = `
    import { createTelemetry } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    import { background } from ${JSON.stringify(new URL('../concurrency/index.ts', import.meta.url).href)};
    const telemetry = createTelemetry({ resource: ${JSON.stringify(resource)} });
    const { log } = telemetry;
    const ctx = background();
    ${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { lines: output.split('\n').filter((line) => line !== ''), code };
}

describe('createTelemetry', () => {
  const mistakes: readonly (readonly [Partial<TelemetryOptions>, RegExp])[] = [
    [{ level: 'loud' as 'info' }, /level is "loud"; give one of trace/],
    [{ format: 'xml' as 'json' }, /format is "xml"; give json or pretty/],
    [{ sampleRatio: 1.5 }, /sampleRatio is 1.5; give a number from 0 to 1/],
    [{ otlpEndpoint: 'localhost:4318' }, /otlpEndpoint is "localhost:4318"; give an http or https URL/],
    [{ otlpEndpoint: '' }, /otlpEndpoint is ""/],
    [{ exportIntervalMs: 0 }, /exportIntervalMs is 0/],
    [{ maxQueueBytes: Number.NaN }, /maxQueueBytes is null/],
  ];
  for (const [options, message] of mistakes) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const make = () => createTelemetry({ resource, write: () => {}, ...options });

      assert.throws(make, { code: 'invalid_argument', reason: 'INVALID_TELEMETRY_OPTION', message });
    });
  }

  it('lets the process end by itself, export or not', async () => {
    const { code } = await run(
      `createTelemetry({ resource: telemetry.resource, otlpEndpoint: 'http://127.0.0.1:9' }).tracer.start(ctx, 'x').end();`,
    );

    assert.equal(code, 0);
  });

  it('loses no line when the process exits right after it', async () => {
    const { lines, code } = await run(`
      for (let i = 0; i < 20000; i++) log.info(ctx, 'line ' + i);
      process.exit(7);`);

    assert.deepEqual([lines.length, code], [20_000, 7]);
    assert.match(lines.at(-1)!, /"message":"line 19999"/);
  });

  it('loses no line when the process crashes', async () => {
    const { lines } = await run(`
      process.on('uncaughtException', (error) => {
        log.error(ctx, 'crashed', { error });
        process.exit(1);
      });
      setImmediate(() => { throw new Error('boom'); });`);

    assert.match(lines.at(-1)!, /"message":"crashed".*boom/);
  });

  it('has written all lines when it is closed', async () => {
    const { lines } = await run(`
      log.info(ctx, 'last');
      await telemetry.close(ctx);
      process.kill(process.pid, 'SIGKILL');`);

    assert.match(lines.join(), /"message":"last"/);
  });

  it('goes on when the reader of stdout is gone', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', brokenPipe], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.destroy();

    const [code] = (await once(child, 'close')) as [number | null];

    assert.equal(code, 3);
  });

  it('is flushed twice and closed twice without harm', async () => {
    const telemetry = createTelemetry({ resource, write: () => {}, runtimeMetrics: false });

    await telemetry.flush(background());
    await telemetry.close(background());
    await telemetry.close(background());

    assert.match(telemetry.prometheus(), /target_info/);
  });
});

const brokenPipe = `
  import { createTelemetry } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
  import { background } from ${JSON.stringify(new URL('../concurrency/index.ts', import.meta.url).href)};
  const { log } = createTelemetry({ resource: ${JSON.stringify(resource)} });
  let left = 50;
  const write = () => {
    log.info(background(), 'x'.repeat(2000));
    if (left-- === 0) process.exit(3);
    setImmediate(write);
  };
  write();`;
