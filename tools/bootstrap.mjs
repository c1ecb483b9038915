#!/usr/bin/env node
/**
 * Runs the repository's scripts on the repository's own Node, whatever Node (20 or later) the machine has: installs
 * what the lock file asks for, builds the console when its sources changed, then becomes (or starts) the real program.
 * Plain JavaScript, since the machine's Node may not strip types. `npm start` and its siblings call it.
 */
import { fileURLToPath } from 'node:url';
import { buildConsole } from './bootstrap/console.mjs';
import { become, run, step } from './bootstrap/exec.mjs';
import { install, installPeers } from './bootstrap/install.mjs';
import { findNode } from './bootstrap/node-binary.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

/** What `npm test` runs; `node --test` expands the patterns. */
const testPatterns = [
  'src/**/*.test.ts',
  'console/src/**/*.test.ts',
  'examples/**/*.test.ts',
  'bench/**/*.test.ts',
  'tools/**/*.test.ts',
  'test/*.test.ts',
  'test/{conformance,faults,e2e}/**/*.test.ts',
];

/** The subjects of `npm run bench` that need the packages of bench/peers. */
const benchesWithPeers = ['concurrency', 'guard', 'http', 'http-memory', 'rpc'];

const bin = (name) => `node_modules/.bin/${name}`;
const testArguments = (patterns) => ['--test', '--test-concurrency=2', '--test-timeout=240000', ...patterns];

/** Each script: what it does after the installation. `node` is the path of the repository's Node. */
const scripts = {
  async start(node, args) {
    await buildConsole(node);
    become(node, ['src/cli/main.ts', 'up', 'examples/live/fleet.ts', ...args], { endsWithParent: true });
  },
  async test(node, args) {
    if (args.length > 0) return become(node, testArguments(args));
    await buildConsole(node);
    await step('types', () => check(node));
    await step('lint', () => run(node, [bin('biome'), 'check', '--error-on-warnings', '.']));
    await step('generated code', () => run(node, ['tools/generate.mjs', '--check']));
    become(node, testArguments(testPatterns));
  },
  async 'test:servers'(node, args) {
    become(node, testArguments(args.length > 0 ? args : ['test/servers/**/*.test.ts']));
  },
  async 'test:soak'(node, args) {
    become(node, ['--test', '--test-concurrency=1', ...(args.length > 0 ? args : ['test/soak/**/*.test.ts'])]);
  },
  async flotilla(node, args) {
    become(node, ['src/cli/main.ts', ...args]);
  },
  async bench(node, args) {
    if (args.some((arg) => benchesWithPeers.includes(arg))) await installPeers(root);
    become(node, ['bench/main.ts', ...args]);
  },
  async build(node, args) {
    await buildConsole(node);
    await step('package', () => run(node, ['tools/build.ts', ...args]));
  },
  async generate(node, args) {
    become(node, ['tools/generate.mjs', ...args]);
  },
  async lint(node) {
    await step('types', () => check(node));
    become(node, [bin('biome'), 'check', '.']);
  },
  async format(node) {
    become(node, [bin('biome'), 'check', '--write', '.']);
  },
};

async function check(node) {
  await run(node, [bin('tsc'), '-p', '.']);
  await run(node, [bin('tsc'), '-p', 'console']);
}

if (Number.parseInt(process.versions.node, 10) < 20) {
  console.error(`bootstrap: Node ${process.versions.node} is too old to install anything with; take Node 20 or later`);
  process.exit(1);
}
const [name = '', ...args] = process.argv.slice(2);
const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
if (script === undefined) {
  console.error(`bootstrap: no script "${name}"; there are: ${Object.keys(scripts).join(', ')}`);
  process.exit(2);
}
try {
  await install(root);
  await script(findNode(root), args);
} catch (error) {
  console.error(error instanceof Error && error.expected === true ? error.message : error);
  process.exit(1);
}
