import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from './program.ts';

const main = join(import.meta.dirname, 'main.ts');

function flotilla(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, COLUMNS: '200' },
  });
  return { status, stdout, stderr };
}

const good: readonly (readonly [args: readonly string[], stdout: RegExp])[] = [
  [[], /Usage: flotilla/],
  [['--help'], /up .*run a fleet[\s\S]*load .*open-loop/],
  [['--version'], /^\d+\.\d+\.\d+\n$/],
  [['up', '--help'], /--console-port[\s\S]*FLOTILLA_CONSOLE_PORT/],
  [['restart', '--help'], /--rolling[\s\S]*--data-dir/],
  [['lane', '--help'], /Usage: flotilla lane list \| <name> up[\s\S]*--service[\s\S]*--data /],
  [['load', '--help'], /--rate[\s\S]*--allow-remote/],
];
for (const [args, stdout] of good) {
  test(`flotilla ${args.join(' ')} prints what it can and exits 0`, () => {
    const result = flotilla(...args);

    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, stdout);
  });
}

const bad: readonly (readonly [args: readonly string[], status: number, stderr: RegExp])[] = [
  [['lod'], 2, /unknown command 'lod'\n\(Did you mean load\?\)/],
  [['up', '--prot', '1'], 2, /unknown option '--prot'\n\(Did you mean --port\?\)/],
  [['up', '--port', '70000'], 2, /'70000' is invalid\. Give a port from 1 to 65535/],
  [['up', '--log', 'all'], 2, /Allowed choices are warn, info, calls, debug/],
  [['up', 'a.ts', 'b.ts'], 2, /too many arguments/],
  [['load', '--duration', '10'], 2, /Give a duration up to 24h, like 500ms, 10s or 2m/],
  [['load', '--rate', '0'], 2, /Give a whole number from 1 to 100000/],
  [['load', 'ftp://x'], 2, /Give a URL, like http:\/\/127\.0\.0\.1:8080/],
  [['lane'], 2, /missing required argument 'name'/],
  [['lane', 'blue'], 2, /say what to do with lane blue, like flotilla lane blue up --service/],
  [['lane', 'blue', 'up'], 2, /lane blue needs a service, like/],
  [['lane', 'blue', 'down'], 2, /Allowed choices are up/],
  [['lane', 'blue', 'up', '-s', 'room'], 2, /Give a service and a file, like room=/],
  [['lane', 'Blue!', 'up', '-s', 'room=x.ts'], 1, /^flotilla: "Blue!" is no name of a lane: give 1 to 63 lower-case/],
  [['lane', 'list', '--data-dir', '/nowhere'], 1, /^flotilla: no fleet runs in \/nowhere: start one with flotilla up/],
  [['restart', '--data-dir', '/nowhere'], 1, /^flotilla: no fleet runs in \/nowhere/],
  [
    ['up', 'nowhere.ts'],
    1,
    /^flotilla: there is no fleet file nowhere\.ts; give its path: flotilla up path\/to\/fleet\.ts\n$/,
  ],
  [['load', 'http://192.0.2.1'], 1, /^flotilla: 192\.0\.2\.1 is not this machine/],
];
for (const [args, status, stderr] of bad) {
  test(`flotilla ${args.join(' ')} exits ${status} and says why`, () => {
    const result = flotilla(...args);

    assert.equal(result.status, status);
    assert.match(result.stderr, stderr);
  });
}

test('load prints a report, writes it as JSON, and exits 1 where nothing succeeded', async () => {
  const server = createServer((request, response) => response.writeHead(request.url === '/ok' ? 200 : 404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-load-'));
  const file = join(directory, 'report.json');
  const load = (path: string) =>
    runProgram(['load', `127.0.0.1:${port}${path}`, '-r', '100', '-d', '100ms', '--seed', '7', '--json', file]);

  const codes = [await load('/ok'), await load('/nowhere')];
  const report = JSON.parse(readFileSync(file, 'utf8'));

  server.close();
  server.closeAllConnections();
  rmSync(directory, { recursive: true });
  assert.deepEqual(codes, [0, 1]);
  assert.deepEqual([report.scenario, report.seed, report.ok, report.failures[0].status], ['get', 7, 0, 404]);
});
