import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext } from '../concurrency/index.ts';
import { noTelemetry, type Telemetry, withTelemetry } from '../observe/index.ts';
import { fileRegistry } from './file-registry.ts';
import { parseInstances } from './instances-file.ts';
import { first, idsOf, instanceOf, registryContract } from './registry.contract.ts';
import type { Instance, Registry, Snapshot } from './registry.ts';

const quick = { pollMs: 5, backoff: { firstMs: 5, maxMs: 10 } };

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'flotilla-file-registry-'));
}

/** As an editor does: whole, under another name first. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

registryContract(
  'file',
  async () => {
    const dir = folder();
    const file = join(dir, 'instances.json');
    const placed = new Map<string, Instance>();
    const save = () => {
      const services = Map.groupBy(placed.values(), ({ service }) => service);
      write(file, JSON.stringify(Object.fromEntries(services)));
    };
    save();
    const registry = fileRegistry(file, quick);
    return {
      registry,
      other: registry,
      async place(_, instance) {
        const key = `${instance.service}/${instance.id}`;
        placed.set(key, instance);
        save();
        return {
          async close() {
            if (placed.get(key) === instance) placed.delete(key);
            save();
          },
        };
      },
      async close() {
        await registry.close();
        rmSync(dir, { recursive: true });
      },
    };
  },
  { isReadOnly: 'the lists are written by people and tools' },
);

describe('a registry in a file', () => {
  let dir: string;
  let file: string;
  let ctx: CancelContext;
  let registry: Registry;
  beforeEach(() => {
    dir = folder();
    file = join(dir, 'instances.yaml');
    ctx = background().withTimeout(60_000);
    registry = fileRegistry(file, quick);
  });
  afterEach(async () => {
    ctx.cancel();
    await registry.close();
    rmSync(dir, { recursive: true });
  });

  it('is YAML, with URLs or with instances', async () => {
    write(
      file,
      "room: ['http://10.0.0.1:81', 'http://10.0.0.2:81']\nrank:\n  - { lane: blue, endpoints: { rpc: 'http://a' } }\n",
    );

    assert.deepEqual(idsOf(await first(registry.watch(ctx, 'room'))), ['10.0.0.1-81', '10.0.0.2-81']);
    const rank = instanceOf('rank-1', { service: 'rank', version: '', lane: 'blue', endpoints: { rpc: 'http://a' } });
    assert.deepEqual((await first(registry.watch(ctx, 'rank'))).instances, [rank]);
  });

  const broken: [what: string, text: string][] = [
    ['is no YAML', 'room: [unclosed'],
    ['is empty', ''],
    ['is a list', '- room'],
    ['has a service that is no list', 'room: http://a'],
    ['has an instance that is none', "room: ['http://10.0.0.1:81', 'nowhere']"],
    ['has two instances of one id', "room: ['http://10.0.0.1:81', 'http://10.0.0.1:81']"],
  ];
  for (const [what, text] of broken) {
    it(`keeps the last good list while the file ${what}, and says so once`, async () => {
      const warnings: string[] = [];
      const log = { ...noTelemetry.log, warn: (_: unknown, message: string) => void warnings.push(message) };
      const telemetry: Telemetry = { ...noTelemetry, log };
      write(file, "room: ['http://10.0.0.1:81']");
      const reader = registry.watch(withTelemetry(ctx, telemetry), 'room')[Symbol.asyncIterator]();
      await reader.next();

      write(file, text);
      while (warnings.length === 0) await new Promise((resolve) => setImmediate(resolve));
      write(file, "room: ['http://10.0.0.1:81', 'http://10.0.0.2:81']");

      assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['10.0.0.1-81', '10.0.0.2-81']);
      assert.equal(warnings.length, 1, warnings.join('\n'));
      assert.match(warnings[0]!, /instances\.yaml cannot be read; the last lists stay in use/);
    });
  }

  it('keeps the last good list while the file is gone', async () => {
    write(file, "room: ['http://10.0.0.1:81']");
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();

    rmSync(file);
    const next = reader.next();
    write(file, "room: ['http://10.0.0.2:81']");

    assert.deepEqual(idsOf((await next).value as Snapshot), ['10.0.0.2-81']);
  });

  it('names the place of a mistake', () => {
    assert.throws(() => parseInstances({ room: ['http://a', { weight: -1 }] }), /room\[1\]: instance: weight is -1/);
  });
});
