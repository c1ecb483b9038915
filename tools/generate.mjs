/**
 * Compiles the .proto files to TypeScript: `npm run generate`. The output is committed, so that a clone runs without it.
 * With `--check` it changes nothing and exits 1 when committed output is stale: what CI runs.
 *
 * Every output folder has a copy of its own of what its files import from google.api, so that generated code imports
 * nothing of another area. To add a folder of protos: a module in buf.yaml and a target here. Nothing is fetched.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';

const root = dirname(import.meta.dirname);
const google = 'node_modules/google-proto-files/google';

/** `inputs` lie in the modules of buf.yaml; `out` holds generated code and nothing else. */
const targets = [
  {
    inputs: [
      `${google}/api/annotations.proto`,
      `${google}/rpc/status.proto`,
      `${google}/rpc/error_details.proto`,
      ...packagesOf('src/rpc/api'),
    ],
    out: 'src/rpc/gen',
  },
  { inputs: [`${google}/api/field_behavior.proto`], out: 'src/edge/gateway/gen' },
  { inputs: packagesOf('src/rpc/testdata/api'), out: 'src/rpc/testdata/gen' },
  { inputs: packagesOf('examples/live/api'), out: 'examples/live/gen' },
  { inputs: packagesOf('bench/rpc/api'), out: 'bench/rpc/gen' },
];

/** The top folders of a module: buf takes no whole module as a path. @param {string} module */
function packagesOf(module) {
  const folder = join(root, module);
  return existsSync(folder) ? readdirSync(folder).map((name) => `${module}/${name}`) : [];
}

/** The module list of buf.yaml without folders that do not exist, which buf refuses. */
function workspace() {
  const lines = readFileSync(join(root, 'buf.yaml'), 'utf8').split('\n');
  return lines.filter((line) => !line.startsWith('  - path: ') || existsSync(join(root, line.slice(10)))).join('\n');
}

/** @param {string[]} inputs @param {string} out */
function generate(inputs, out) {
  const args = [
    'node_modules/@bufbuild/buf/bin/buf',
    'generate',
    '--config',
    workspace(),
    ...inputs.flatMap((path) => ['--path', path]),
    '-o',
    out,
  ];
  const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { ...process.env, PATH: path } });
  if (run.status !== 0) {
    process.stderr.write(`generate: buf failed on ${inputs.join(', ')}\n${run.stdout}${run.stderr}`);
    process.exit(1);
  }
}

/** @param {string} folder @returns {string[]} */
function filesOf(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** What differs between fresh and committed output. @param {string} fresh @param {string} committed */
function differences(fresh, committed) {
  const names = new Set([...filesOf(fresh), ...filesOf(committed)]);
  return [...names].sort().flatMap((name) => {
    const [a, b] = [join(fresh, name), join(committed, name)];
    if (!existsSync(b)) return [`missing: ${name}`];
    if (!existsSync(a)) return [`left over: ${name}`];
    return readFileSync(a, 'utf8') === readFileSync(b, 'utf8') ? [] : [`stale: ${name}`];
  });
}

const check = process.argv.includes('--check');
let isStale = false;
for (const { inputs, out } of targets) {
  if (inputs.length === 0) continue;
  const fresh = mkdtempSync(join(tmpdir(), 'flotilla-generate-'));
  try {
    generate(inputs, fresh);
    const changes = differences(fresh, join(root, out));
    if (check) {
      isStale ||= changes.length > 0;
      for (const change of changes) process.stderr.write(`${out}: ${change}\n`);
    } else {
      rmSync(join(root, out), { recursive: true, force: true });
      await cp(fresh, join(root, out), { recursive: true });
      process.stdout.write(`${out}: ${changes.length === 0 ? 'up to date' : `${changes.length} file(s) changed`}\n`);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
if (isStale) {
  process.stderr.write('generated code is stale: run `npm run generate` and commit the result\n');
  process.exit(1);
}
