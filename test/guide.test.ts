import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * Every fenced `ts` block of the guide, the memory model and the README is a program: it runs, ends by itself and exits with 0. A block marked
 * `ts service` runs until SIGTERM, and then exits with 0.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const guide = join(root, 'docs', 'guide');
const pages = [
  join(root, 'README.md'),
  join(root, 'docs', 'memory-model.md'),
  ...readdirSync(guide)
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(guide, file)),
];

/** Below the repository, so that `import 'flotilla/...'` resolves to it as it does for a user. */
async function withProgram(
  program: string,
  work: (file: string, folder: string) => void | Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(root, '.guide-'));
  try {
    const file = join(folder, 'example.ts');
    writeFileSync(file, program);
    await work(file, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runProgram(file: string, cwd: string): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd, encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
}

async function runService(file: string, cwd: string): Promise<void> {
  const child = spawn(process.execPath, [file], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FLOTILLA_PORT: '0' },
    timeout: 60_000,
  });
  let printed = '';
  let asked = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
    // Once: a second signal would end it by force.
    if (!asked && /\bready\b/.test(printed)) asked = child.kill('SIGTERM');
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.match(printed, /\bready\b/);
  assert.equal(code, 0, printed);
}

for (const page of pages) {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```ts( service)?\n([\s\S]*?)^```$/gm)];
  for (const [index, [, service, program = '']] of blocks.entries()) {
    test(`the example ${index + 1} of ${page.slice(root.length)} runs`, () =>
      withProgram(program, service === undefined ? runProgram : runService));
  }
}
