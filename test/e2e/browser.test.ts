import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { background } from 'flotilla/concurrency';
import { type FleetProcess, startFleet } from 'flotilla/testing';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip =
  existsSync(executablePath) || process.env.CI === 'true'
    ? false
    : `there is no browser at ${executablePath}; install Debian's chromium or set CHROMIUM`;

/** The screenshots are kept as artefacts, to be looked at. */
const artifacts = join(root, 'artifacts');
const quietFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const desktop = { width: 1280, height: 860 };
const phone = { width: 390, height: 844 };

describe('the reference fleet in a real browser', { skip }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'flotilla-browser-'));
  const failures: string[] = [];
  let fleet: FleetProcess;
  let browser: BrowserContext;
  let host: Page;
  let viewer: Page;

  before(async () => {
    mkdirSync(artifacts, { recursive: true });
    fleet = await startFleet(background().withTimeout(60_000), join(root, 'examples/live/fleet.ts'), {
      dataDir: join(scratch, 'data'),
    });
    browser = await chromium.launchPersistentContext(join(scratch, 'profile'), {
      executablePath,
      headless: true,
      timeout: 120_000,
      args: quietFlags,
      viewport: desktop,
    });
    browser.setDefaultTimeout(60_000);
    host = await open();
    viewer = await open();
  });
  after(async () => {
    await browser?.close();
    await fleet?.stop(background().withTimeout(30_000));
    rmSync(scratch, { recursive: true, force: true });
  });

  async function open(): Promise<Page> {
    const page = await browser.newPage();
    page.on('pageerror', (error) => failures.push(`${page.url()}: ${error.message}`));
    page.on('console', (line) => {
      if (line.type() === 'error') failures.push(`${page.url()}: ${line.text()}`);
    });
    return page;
  }

  async function signUp(page: Page, name: string): Promise<void> {
    await page.goto(fleet.app);
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByText(name, { exact: true }).waitFor();
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
  }

  test('two tabs chat, live', async () => {
    await signUp(host, 'harriet');
    await host.getByLabel('Room title').fill('Songs by the fire');
    await host.getByRole('button', { name: 'Create room' }).click();
    await host.getByRole('heading', { name: 'Songs by the fire' }).waitFor();
    await signUp(viewer, 'victor');
    await viewer.getByRole('link', { name: /Songs by the fire/ }).click();

    await say(viewer, 'hello from the second tab');
    await host.getByRole('log').getByText('hello from the second tab').waitFor();
    await say(host, 'welcome, victor');
    await viewer.getByRole('log').getByText('welcome, victor').waitFor();
  });

  test('a page that a script did not come for says so, and loads itself again until all are there', async () => {
    const page = await browser.newPage();
    let failing = true;
    await page.route('**/stream.js', (route) => (failing ? route.abort() : route.continue()));

    await page.goto(fleet.app);
    await page.getByText('The page is still loading.').waitFor();
    failing = false;
    await page.getByRole('heading', { name: 'Rooms', exact: true }).waitFor();

    assert.equal(await page.getByText('The page is still loading.').count(), 0);
    await page.close();
  });

  let traceId = '';

  test('a gift changes the ranking in both tabs', async () => {
    const answered = viewer.waitForResponse(
      (answer) => answer.url().endsWith('/gifts') && answer.request().method() === 'POST',
    );
    await viewer.getByRole('button', { name: /cake/i }).click();
    const answer = await answered;

    assert.equal(answer.status(), 200);
    traceId = answer.headers().traceparent?.split('-')[1] ?? '';
    for (const page of [viewer, host]) {
      await page.getByRole('list', { name: 'Top senders' }).getByText('victor').waitFor();
    }
    await viewer.screenshot({ path: join(artifacts, 'app-room.png') });
    await host.setViewportSize(phone);
    await host.screenshot({ path: join(artifacts, 'app-room-phone.png') });
  });

  test('the console finds the trace of that gift, opens its waterfall and its logs', async () => {
    const page = await open();
    await page.goto(fleet.console);
    await page.getByRole('table', { name: 'Services' }).getByText('gateway').first().waitFor();
    await page.screenshot({ path: join(artifacts, 'console-services.png') });

    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Traces' }).click();
    await page.getByPlaceholder(/trace id/i).fill('gifts');
    const row = page.locator(`a[href*="${traceId}"]`).first();
    await row.waitFor();
    await page.screenshot({ path: join(artifacts, 'console-traces.png') });
    await row.click();

    const waterfall = page.getByRole('tree', { name: 'Waterfall' });
    for (const service of ['gateway', 'gift', 'account', 'room', 'rank']) {
      await waterfall
        .getByRole('treeitem', { name: new RegExp(`^${service} `) })
        .first()
        .waitFor();
    }
    await page
      .getByText(/server .*SendGift ok/)
      .first()
      .waitFor();
    await page.screenshot({ path: join(artifacts, 'console-trace.png') });
    await page.getByRole('navigation', { name: 'More about this trace' }).getByRole('link', { name: /logs/i }).click();
    await page.getByRole('heading', { name: 'Logs' }).waitFor();
    await page
      .getByText(/server .*SendGift ok/)
      .first()
      .waitFor();
    await page.screenshot({ path: join(artifacts, 'console-logs.png') });

    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: /map/i }).click();
    await page.getByLabel('Service map').getByText('gateway', { exact: true }).first().waitFor();
    await page.screenshot({ path: join(artifacts, 'console-map.png') });
  });

  test('no page reported an error', () => {
    assert.deepEqual(failures, []);
  });
});
