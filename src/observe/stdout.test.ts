import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { background } from '../concurrency/index.ts';
import { DescriptorSink } from './stdout.ts';

function file(t: TestContext): { readonly descriptor: number; readonly text: () => string } {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-stdout-'));
  const path = join(dir, 'out');
  const descriptor = openSync(path, 'w');
  t.after(() => rmSync(dir, { recursive: true }));
  return { descriptor, text: () => readFileSync(path, 'utf8') };
}

describe('DescriptorSink', () => {
  it('writes all lines in order', async (t) => {
    const { descriptor, text } = file(t);
    const sink = new DescriptorSink(descriptor);
    const lines = Array.from({ length: 1000 }, (_, i) => `line ${i} é\n`);

    for (const line of lines) sink.write(line);
    await sink.drained(background());

    assert.equal(text(), lines.join(''));
    closeSync(descriptor);
  });

  it('has written everything after a blocking flush', async (t) => {
    const { descriptor, text } = file(t);
    const sink = new DescriptorSink(descriptor);

    sink.write('first\n');
    await sink.drained(background());
    sink.write('second\n');
    await sink.drained(background());
    sink.write('third\n');
    sink.write('fourth\n');
    sink.flushSync();
    await sink.drained(background());

    assert.deepEqual(text().split('\n').sort(), ['', 'first', 'fourth', 'second', 'third']);
    closeSync(descriptor);
  });

  it('lets lines that come during a write wait for others, too', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { descriptor, text } = file(t);
    const sink = new DescriptorSink(descriptor);
    const first = `${'x'.repeat(64 * 1024)}\n`;
    const turn = () => new Promise((resolve) => setImmediate(resolve));

    sink.write(first);
    sink.write('second\n');
    while (text().length < first.length) await turn();
    for (let i = 0; i < 100; i++) await turn();
    const before = text();
    t.mock.timers.tick(20);
    while (text() === before) await turn();

    assert.equal(before, first);
    assert.equal(text(), `${first}second\n`);
    closeSync(descriptor);
  });

  it('drops and counts what its reader is too slow for', async (t) => {
    const { descriptor } = file(t);
    const sink = new DescriptorSink(descriptor);
    const line = `${'x'.repeat(1024 * 1024 - 1)}\n`;

    for (let i = 0; i < 20; i++) sink.write(line);

    assert.equal(sink.dropped, 3);
    await sink.drained(background());
    closeSync(descriptor);
  });

  it('takes lines silently when nobody reads any more', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'flotilla-stdout-'));
    t.after(() => rmSync(dir, { recursive: true }));
    writeFileSync(join(dir, 'out'), '');
    const descriptor = openSync(join(dir, 'out'), 'r');
    const sink = new DescriptorSink(descriptor);

    sink.write('lost\n');
    await sink.drained(background());
    sink.write('lost too\n');
    sink.flushSync();

    assert.equal(readFileSync(join(dir, 'out'), 'utf8'), '');
    closeSync(descriptor);
  });
});
