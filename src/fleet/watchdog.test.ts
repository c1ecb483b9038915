import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from './diagnose.ts';
import { type Event, harness, unit } from './testdata/harness.ts';
import { project } from './testdata/project.ts';

const door = (area: string) => JSON.stringify(new URL(`../${area}/index.ts`, import.meta.url).href);

/** A service of Flotilla's that `/spin` wedges for good, watched closely. */
const wedgeable = `import { app, run } from ${door('app')};
import { createHttpServer, createRouter } from ${door('net/http')};
function turnForEver() { for (;;); }
export const main = async (host) => {
  const router = createRouter();
  router.get('/', async () => ({ version: 'one', instance: host.instance, pid: process.pid }));
  router.get('/spin', { timeoutMs: 0 }, async () => turnForEver());
  const server = createHttpServer({ name: 'web', router, listener: host.listener('http', { port: 0 }) });
  return app({ name: 'web', version: '1.0.0', host, servers: [server] });
};
await run(main, { watchdog: { stuckMs: 800, beatMs: 50, profileMs: 200 } });
`;

test('a replica whose event loop is stuck is started again, and the operator learns where it was and what to open', async () => {
  using files = project();
  const env = { FLOTILLA_SUPERVISED: '1', FLOTILLA_DATA_DIR: files.path('data') };
  await using fleet = await harness({
    units: [unit('web', files.write('web/main.ts', wedgeable), { port: 0, env })],
  });
  const before = await fleet.get('web');

  const cut = fetch(`${fleet.url('web')}/spin`).catch(() => 'cut');
  await fleet.until('a failure', (events) => events.some(({ type }) => type === 'failed'));

  assert.equal(await cut, 'cut');
  const after = await fleet.get('web');
  assert.notEqual(after.pid, before.pid);
  assert.equal(after.instance, 'web-1.2');
  const { exit } = fleet.events.find((event): event is Event & { type: 'failed' } => event.type === 'failed')!.failure;
  assert.equal(exit.signal, 'SIGKILL');
  const { cause, details, fix } = diagnose({ name: 'web', entry: 'web/main.ts', exit, cwd: files.directory });
  assert.match(cause, /web-1: the event loop is stuck.*web-1-.*\.cpuprofile$/);
  assert.match(details[0] ?? '', /at turnForEver \(web\/main\.ts:3:/);
  assert.match(fix, /^open the profile/);
  assert.ok(fleet.lines.some((line) => line.includes('"level":"fatal"') && line.includes('the event loop is stuck')));
});
