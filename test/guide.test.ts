import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Every fenced `ts` block of the guide and the README is a program: it runs, ends by itself and exits with 0. */
const root = fileURLToPath(new URL('..', import.meta.url));
const guide = join(root, 'docs', 'guide');
const pages = [
  join(root, 'README.md'),
  ...readdirSync(guide)
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(guide, file)),
];

for (const page of pages) {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  for (const [index, program] of blocks.entries()) {
    test(`the example ${index + 1} of ${page.slice(root.length)} runs`, () => {
      // Below the repository, so that `import 'flotilla/...'` resolves to it as it does for a user.
      const folder = mkdtempSync(join(root, '.guide-'));
      try {
        const file = join(folder, 'example.ts');
        writeFileSync(file, program);
        const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
          cwd: folder,
          encoding: 'utf8',
          timeout: 60_000,
        });
        assert.equal(status, 0, `${stdout}\n${stderr}`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
}
