/**
 * `npm run build [-- --out DIR]`: writes the package that is published. `tsc` emits JavaScript and declarations, the
 * built console is copied beside them, and a package.json of its own points `exports` at the emitted files.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

export function build(out: string): void {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json'), '--outDir', out],
    {
      stdio: 'inherit',
    },
  );
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md'])
    if (existsSync(join(root, file))) cpSync(join(root, file), join(out, file));
  cpSync(join(root, 'src/edge/gateway/explorer'), join(out, 'edge/gateway/explorer'), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  const pages = join(root, 'console/dist');
  if (existsSync(pages)) cpSync(pages, join(out, 'console'), { recursive: true });
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
