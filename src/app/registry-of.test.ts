import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { FakeConsul } from '../adapters/consul/testdata/fake-consul.ts';
import { FakeNacos } from '../adapters/nacos/testdata/fake-nacos.ts';
import { background } from '../concurrency/index.ts';
import { first, idsOf, instanceOf } from '../discovery/registry.contract.ts';
import { registryOf } from './registry-of.ts';

const cacheDir = join(tmpdir(), 'flotilla-registry-of');

describe('the registry that a URL names', () => {
  it('is consul, with a token', async () => {
    const consul = await new FakeConsul().start();
    consul.token = 'se/cret';
    const { host } = new URL(consul.server.url);
    const registry = registryOf(`consul://:se%2Fcret@${host}`, cacheDir);

    await registry.register(background(), instanceOf('room-1'));

    assert.deepEqual(idsOf(await first(registry.watch(background(), 'room'))), ['room-1']);
    await registry.close();
    await consul.stop();
  });

  it('is nacos on several servers, with a password', async () => {
    const nacos = await new FakeNacos().start();
    nacos.password = 'secret';
    const { host } = new URL(nacos.server.url);
    const registry = registryOf(`nacos://me:secret@127.0.0.1:1,${host}/dev`, cacheDir);

    await registry.register(background(), instanceOf('room-1'));

    assert.deepEqual(idsOf(await first(registry.watch(background(), 'room'))), ['room-1']);
    await registry.close();
    await nacos.stop();
  });

  it('is a file', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'flotilla-registry-of-'));
    writeFileSync(join(dir, 'a.yaml'), "room: ['http://10.0.0.1:81']");
    const registry = registryOf(pathToFileURL(join(dir, 'a.yaml')).href, cacheDir);

    assert.deepEqual(idsOf(await first(registry.watch(background(), 'room'))), ['10.0.0.1-81']);
    await registry.close();
    rmSync(dir, { recursive: true });
  });

  for (const url of [
    'http://a:1',
    'https://a',
    'etcd://a',
    'etcds://u:p@a:1,b:2/prefix',
    'kubernetes:///',
    'kubernetes:///live',
    'dns:///live.svc?port=80',
    'dns:///',
  ]) {
    it(`is made of ${url} without a look at the network`, async () => {
      await registryOf(url, cacheDir).close();
    });
  }

  for (const url of [
    '',
    'localhost:8081',
    'zookeeper://a:1',
    'etcd://',
    'etcd:///prefix',
    'consul://a,b',
    'file://host/x',
    'kubernetes://a',
    'dns:///a?port=x',
    'etcd://%zz@a',
  ]) {
    it(`is none for ${JSON.stringify(url)}`, () => {
      assert.throws(() => registryOf(url, cacheDir), { code: 'invalid_argument', reason: 'INVALID_CONFIG' });
    });
  }

  it('does not show a password in its error', () => {
    assert.throws(
      () => registryOf('zookeeper://me:secret@a', cacheDir),
      (error) => !String(error).includes('secret') && String(error).includes('zookeeper://'),
    );
  });
});
