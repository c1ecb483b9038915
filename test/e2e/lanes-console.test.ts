import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { background } from 'flotilla/concurrency';
import { startFleet, startLane } from 'flotilla/testing';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip =
  existsSync(executablePath) || process.env.CI === 'true'
    ? false
    : `there is no browser at ${executablePath}; install Debian's chromium or set CHROMIUM`;
const artifacts = join(root, 'artifacts');

test('the console tells a broken lane from the baseline at a glance', { skip }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-lanes-console-'));
  using held = new DisposableStack();
  held.defer(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const ctx = background();
  using starting = ctx.withTimeout(120_000);
  await using fleet = await startFleet(starting, join(root, 'test/faults/lanes/fleet.ts'), { dataDir });
  await using _blue = await startLane(starting, 'blue', {
    dataDir,
    services: { middle: join(root, 'test/faults/lanes/hop.ts') },
    env: { HOP_BROKEN: 'yes' },
  });
  for (const lane of ['', 'blue']) {
    const headers = lane === '' ? {} : { 'flotilla-lane': lane };
    for (let call = 0; call < 20; call++) await (await fetch(`${fleet.app}/v1/rooms/7`, { headers })).arrayBuffer();
  }

  mkdirSync(artifacts, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    await page.goto(`${fleet.console}/#/services`);
    const services = page.getByRole('table', { name: 'Services' });
    const broken = services.getByRole('row', { name: /^middle in blue/ });
    await broken.getByText('fails more').waitFor({ timeout: 60_000 });

    const baseline = await services.getByRole('row', { name: /^middle in baseline/ }).innerText();
    await page.screenshot({ path: join(artifacts, 'console-lanes.png') });
    await page.goto(`${fleet.console}/#/services/middle`);
    const lanes = await page.getByRole('table', { name: 'Lanes of middle' }).innerText();

    assert.match(baseline, /middle-1[\s\S]*\b0\s?%/);
    assert.doesNotMatch(baseline, /fails/);
    assert.match(lanes, /blue\s+middle-blue-1[\s\S]*100\s?%[\s\S]*fails more/);
  } finally {
    await browser.close();
  }
});
