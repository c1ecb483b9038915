import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const peers = join(import.meta.dirname, '..');
const api = join(import.meta.dirname, '../../rpc/api/flotilla/bench/v1');

/** A class of protobufjs's static code. */
export interface StaticType {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

/** The static code that protobufjs makes of a proto of the bench: made on first use, as it changes with protobufjs. */
export async function staticTypes(proto: 'echo' | 'shapes'): Promise<Readonly<Record<string, StaticType>>> {
  const source = join(api, `${proto}.proto`);
  const hash = createHash('sha256')
    .update(readFileSync(source))
    .update(readFileSync(join(peers, 'package.json')));
  const folder = join(peers, 'node_modules/.cache/flotilla');
  const path = join(folder, `${proto}-${hash.digest('hex').slice(0, 16)}.mjs`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const unfinished = `${path}.${process.pid}.mjs`;
    const args = ['-t', 'static-module', '-w', 'esm', '--no-comments', '-o', unfinished, source];
    const run = spawnSync(process.execPath, [join(peers, 'node_modules/protobufjs-cli/bin/pbjs'), ...args]);
    if (run.status !== 0) throw new Error(`pbjs failed on ${source}: ${run.stderr}`);
    renameSync(unfinished, path);
  }
  const { flotilla } = (await import(path)) as { flotilla: { bench: { v1: Record<string, StaticType> } } };
  return flotilla.bench.v1;
}
