/**
 * `npm run build [-- --out DIR]`: writes the package that is published. `tsc` emits JavaScript and declarations, the pages
 * that areas serve and the built console are copied beside them, and a package.json of its own points `exports` at the
 * emitted files. The folder is emptied first, if it holds an earlier build.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What a user of the package gets of our package.json; scripts and development dependencies stay at home. */
const published = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'engines',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
];

/** Throws if the folder holds anything but an earlier build. */
export function build(folder: string): void {
  const out = resolve(folder);
  if (!mayEmpty(out))
    throw new Error(`${out} holds something else than an earlier build: empty it, or give another --out`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json'), '--outDir', out],
    {
      stdio: 'inherit',
    },
  );
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md'])
    if (existsSync(join(root, file))) cpSync(join(root, file), join(out, file));
  cpSync(join(root, 'src'), out, { recursive: true, filter: (path) => !/\.ts$|[\\/]testdata$/.test(path) });
  const pages = join(root, 'console/dist');
  if (existsSync(pages)) cpSync(pages, join(out, 'console'), { recursive: true });
}

/** A package.json of ours that is not the repository's own, which is private, is what a build leaves. */
function mayEmpty(out: string): boolean {
  if (!existsSync(out) || readdirSync(out).length === 0) return true;
  try {
    const { name, private: isPrivate } = JSON.parse(readFileSync(join(out, 'package.json'), 'utf8'));
    return name === 'flotilla' && isPrivate !== true;
  } catch {
    return false;
  }
}

export function publishedManifest(manifest: Manifest): Record<string, unknown> {
  const kept = Object.fromEntries(
    published.filter((field) => field in manifest).map((field) => [field, manifest[field]]),
  );
  const emitted = (path: string) => path.replace(/^\.\/src\//, './').replace(/\.ts$/, '.js');
  const door = (path: string) =>
    path.endsWith('.ts') ? { types: emitted(path).replace(/\.js$/, '.d.ts'), default: emitted(path) } : path;
  return {
    ...kept,
    bin: Object.fromEntries(Object.entries(manifest.bin).map(([name, path]) => [name, emitted(path)])),
    exports: Object.fromEntries(Object.entries(manifest.exports).map(([name, path]) => [name, door(path)])),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } });
  build(values.out);
}
