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
import { isStatusError } from '../errors/index.ts';
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
    'file:///srv/@live/instances.yaml',
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

  for (const [url, form] of [
    ['etcd://', /such a registry is etcd:\/\/\[USER:PASSWORD@\]HOST:2379/],
    ['etcds://', /such a registry is etcd:/],
    ['http://', /such a registry is http:\/\/HOST:PORT/],
    ['kubernetes://live', /such a registry is kubernetes:\/\/\/\[NAMESPACE\], with three slashes/],
    ['dns://live', /such a registry is dns:\/\/\/SUFFIX/],
    ['file://x.yaml', /such a registry is file:\/\/\/PATH/],
    ['zookeeper://a:1', /one of etcd:\/\/, consul:\/\//],
  ] as const) {
    it(`says which form it has for ${url}`, () => {
      assert.throws(() => registryOf(url, cacheDir), { reason: 'INVALID_CONFIG', message: form });
    });
  }

  for (const url of [
    'zookeeper://me:secret@a',
    'http://me:secret@a:1',
    'https://secret@a',
    'http://a:1?token=secret',
    'kubernetes://me:secret@/live',
    'kubernetes://me:secret@host/live',
    'kubernetes:///live?token=secret',
    'dns://me:secret@/live.svc?port=80',
    'file://me:secret@/x',
    'file:///x?token=secret',
    'etcd://me:hy/secret@a',
    'etcd://me:%zzsecret@a',
    'etcd://a/p?password=secret',
    'consul://a?token=secret',
    'consul://me:secret@a,b',
    'nacos://a?password=secret',
    'nacos://me:hy/secret@a',
  ]) {
    it(`is none for ${url}, which is not shown`, () => {
      assert.throws(
        () => registryOf(url, cacheDir),
        (error) =>
          isStatusError(error) &&
          error.reason === 'INVALID_CONFIG' &&
          !error.message.includes('secret') &&
          error.message.includes(url.slice(0, url.indexOf('//'))),
      );
    });
  }
});
