import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Context, rootContext, systemClock } from '../concurrency/index.ts';
import { httpRegistry, type Registry } from '../discovery/index.ts';
import { instanceOf } from '../discovery/registry.contract.ts';
import { FakeServer, faults, reply } from '../discovery/testdata/fake-server.ts';
import { noTelemetry, withTelemetry } from '../observe/index.ts';
import { consulRegistry } from './consul/index.ts';
import { etcdRegistry } from './etcd/index.ts';
import { kubernetesRegistry } from './kubernetes/index.ts';
import { nacosRegistry } from './nacos/index.ts';

const secret = 'hunter2';
const quick = { backoff: { firstMs: 1, maxMs: 5 } };
let accountDir = '';

/** How each registry is given its secret, and how it is asked for one wrongly: in its URL. */
const registries: Readonly<Record<string, { make(url: string): Registry; wrong(url: string): Registry }>> = {
  etcd: {
    make: (url) => etcdRegistry({ endpoints: [url], auth: { username: 'ann', password: secret }, ...quick }),
    wrong: (url) => etcdRegistry({ endpoints: [url] }),
  },
  consul: {
    make: (url) => consulRegistry({ url, token: secret, ...quick }),
    wrong: (url) => consulRegistry({ url }),
  },
  nacos: {
    make: (url) => nacosRegistry({ urls: [url], username: 'ann', password: secret, pollMs: 5, ...quick }),
    wrong: (url) => nacosRegistry({ urls: [url] }),
  },
  kubernetes: {
    make: (url) => kubernetesRegistry({ url, accountDir, namespace: 'live', ...quick }),
    wrong: (url) => kubernetesRegistry({ url, accountDir: '', namespace: 'live' }),
  },
  http: {
    make: (url) => httpRegistry({ url, ...quick }),
    wrong: (url) => httpRegistry({ url }),
  },
};

/** A Context whose telemetry keeps all that is logged. */
function listening(): { readonly ctx: Context; readonly said: string[] } {
  const said: string[] = [];
  const say = (_: unknown, message: string, fields: object = {}) => {
    const texts = Object.values(fields).map((field) =>
      field instanceof Error ? textOf(field) : JSON.stringify(field),
    );
    said.push([message, ...texts].join(' '));
  };
  const log = { ...noTelemetry.log, debug: say, info: say, warn: say, error: say };
  return { ctx: withTelemetry(rootContext(systemClock), { ...noTelemetry, log }), said };
}

/** An error with all that it carries, causes too. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack} ${JSON.stringify(error)} ${error.cause === undefined ? '' : textOf(error.cause)}`;
}

describe('secrets of registries', () => {
  before(() => {
    accountDir = mkdtempSync(join(tmpdir(), 'flotilla-secrets-'));
    writeFileSync(join(accountDir, 'token'), secret);
  });
  after(() => rmSync(accountDir, { recursive: true }));

  for (const [name, { make, wrong }] of Object.entries(registries)) {
    for (const url of [`http://ann:${secret}@127.0.0.1:1`, `http://${secret}@127.0.0.1:1`]) {
      it(`${name} refuses ${url.replace(secret, '…')} and does not show it`, () => {
        assert.throws(
          () => wrong(url),
          (error) => error instanceof TypeError && !textOf(error).includes(secret),
        );
      });
    }

    it(`${name} says none of it in logs and errors, however its server fails`, async () => {
      await using server = new FakeServer(({ response }) => reply(response, 403, { code: 7, message: 'denied' }));
      await server.start();
      const { ctx, said } = listening();
      for (const fault of [undefined, ...faults.filter((one) => one !== 'silent')]) {
        server.fail(fault);
        const registry = make(server.url);
        using asking = ctx.withTimeout(60_000);
        const watch = registry.watch(asking, 'room')[Symbol.asyncIterator]();
        const pending = watch.next();
        const registering = registry.register(asking, instanceOf('room-1')).catch((error) => said.push(textOf(error)));
        await server.called(name === 'kubernetes' ? 2 : 6);

        await registry.close();

        await Promise.all([registering, pending]);
      }
      assert.ok(said.length > 0, 'something was said');
      assert.deepEqual(
        said.filter((text) => text.includes(secret)),
        [],
      );
    });
  }
});
