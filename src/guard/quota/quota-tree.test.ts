import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unlimited } from './quota-store.ts';
import { type QuotaTenantConfig, quotaTree } from './quota-tree.ts';

const config: QuotaTenantConfig = {
  limit: 1_000,
  children: {
    acme: {
      guarantee: 300,
      limit: 600,
      children: { shop: { guarantee: 200, methods: { Search: { limit: 50 }, 'GET /v1/rooms/:id': {} } }, blog: {} },
      template: { limit: 20 },
    },
    solo: { weight: 2 },
    closed: { children: { one: {} }, others: { limit: 7 } },
  },
};

describe('quotaTree', () => {
  const places = [
    { title: 'a tenant by its path', tenant: 'acme/blog', method: 'Any', path: 'acme/blog' },
    { title: 'a method with its own part', tenant: 'acme/shop', method: 'Search', path: 'acme/shop/Search' },
    {
      title: 'a route, whose slashes are no levels',
      tenant: 'acme/shop',
      method: 'GET /v1/rooms/:id',
      path: 'acme/shop/GET %2Fv1%2Frooms%2F:id',
    },
    { title: 'all other methods together', tenant: 'acme/shop', method: 'Other', path: 'acme/shop/*' },
    {
      title: 'one of its own for each unknown tenant of a template',
      tenant: 'acme/new',
      method: 'Any',
      path: 'acme/new',
    },
    { title: 'a tenant, whatever follows its name', tenant: 'solo/x/y', method: 'Any', path: 'solo' },
    { title: 'one for all unknown tenants without a template', tenant: 'stranger', method: 'Any', path: '*' },
    { title: 'one for all unknown tenants of a group', tenant: 'closed/two', method: 'Any', path: 'closed/*' },
    { title: 'one for the calls of nobody', tenant: '', method: 'Any', path: '*' },
    { title: 'a name with signs of its own', tenant: 'acme/50%*', method: 'Any', path: 'acme/50%25%2A' },
    { title: 'a group that stands for a tenant by its nameless child', tenant: 'acme', method: 'Any', path: 'acme/%' },
  ];
  for (const { title, tenant, method, path } of places) {
    it(`finds ${title}`, () => {
      const found = quotaTree(config).tenant(tenant);

      assert.equal(found.method(method).path, path);
    });
  }

  it('gives nodes what the configuration says, and otherwise no guarantee, no limit and a weight of 1', () => {
    const tree = quotaTree(config);
    const boundsOf = (tenant: string) => {
      const { guarantee, limit, weight, parent } = tree.tenant(tenant).method('Search');
      return [guarantee, limit, weight, parent?.path];
    };

    assert.deepEqual(boundsOf('acme/shop'), [0, 50, 1, 'acme/shop']);
    assert.deepEqual(boundsOf('acme/new'), [0, 20, 1, 'acme']);
    assert.deepEqual(boundsOf('solo'), [0, unlimited, 2, '']);
    assert.deepEqual(boundsOf('closed/two'), [0, 7, 1, 'closed']);
    assert.equal(tree.root.limit, 1_000);
  });

  it('says which node to use where a template has made too many', () => {
    const tree = quotaTree(config);

    assert.equal(tree.tenant('acme/new').crowd?.path, 'acme/*');
    assert.equal(tree.tenant('acme/new').crowd?.limit, 20);
    assert.equal(tree.tenant('acme/blog').crowd, undefined);
    assert.equal(tree.tenant('stranger').crowd, undefined);
  });

  it('cuts a name that is too long for a wire', () => {
    assert.equal(quotaTree({ template: {} }).tenant('x'.repeat(10_000)).node.path.length, 256);
  });

  const refused: readonly { title: string; config: QuotaTenantConfig; message: RegExp }[] = [
    {
      title: 'guarantees of children above the limit of their parent',
      config: { children: { acme: { limit: 100, children: { a: { guarantee: 60 }, b: { guarantee: 50 } } } } },
      message: /the guarantees below "acme" are 110 in all; give at most its limit, 100/,
    },
    {
      title: 'guarantees of methods above the limit of their tenant',
      config: { limit: 10, methods: { A: { guarantee: 11 } } },
      message: /the guarantees below the root are 11 in all; give at most its limit, 10/,
    },
    {
      title: 'a guarantee above its own limit',
      config: { children: { a: { guarantee: 2, limit: 1 } } },
      message: /the guarantee of "a" is 2; its limit is 1/,
    },
    {
      title: 'a negative limit',
      config: { limit: -1 },
      message: /the limit of the root is -1; give a number from 0 to/,
    },
    {
      title: 'a limit that is no number',
      config: { template: { limit: Number.NaN } },
      message: /the limit of "template" is NaN; give a number from 0 to/,
    },
    {
      title: 'no weight',
      config: { children: { a: { weight: 0 } } },
      message: /the weight of "a" is 0; give a number from/,
    },
    {
      title: 'methods beside children',
      config: { children: { a: {} }, methods: { A: {} } },
      message: /the root has methods and children; a tenant has methods, a group has children/,
    },
    {
      title: 'a template beside others',
      config: { template: {}, others: {} },
      message: /the root has a template and others/,
    },
    {
      title: 'an empty name',
      config: { children: { '': {} } },
      message: /a name below the root has 0 characters; give 1 to 256/,
    },
    {
      title: 'a name that is too long',
      config: { children: { ['x'.repeat(257)]: {} } },
      message: /a name below the root has 257 characters/,
    },
    {
      title: 'a control character',
      config: { methods: { 'a\u0000': {} } },
      message: /none of them a control character/,
    },
    {
      title: 'a child that no call could name',
      config: { children: { 'acme/shop': {} } },
      message: /"acme\/shop" below the root has a "\/"; give a child for each part of it/,
    },
    { title: 'more levels than are possible', config: deep(9), message: /is 9 levels deep; 8 are possible/ },
  ];
  for (const { title, config, message } of refused) {
    it(`refuses ${title}`, () => {
      assert.throws(() => quotaTree(config), message);
    });
  }
});

function deep(levels: number): QuotaTenantConfig {
  return levels === 0 ? {} : { children: { a: deep(levels - 1) } };
}
