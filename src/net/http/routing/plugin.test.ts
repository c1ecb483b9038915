import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Middleware } from '../../../service/index.ts';
import { jsonBody } from '../input/binder.ts';
import { form } from '../input/form.ts';
import { jsonRenderer } from '../reply/renderer.ts';
import { int, uuid } from './path-constraint.ts';
import { decoration, type Plugin } from './plugin.ts';
import { createRouter, type RouteList } from './router.ts';

const make = (): Middleware => (next) => next;
const nothing = () => undefined;

function at(router: RouteList, path: string) {
  const route = router.routes.find((one) => one.path === path);
  assert.ok(route, path);
  return route;
}

describe('a plugin', () => {
  it('has a router of its own, under its prefix, with its options', () => {
    const rooms: Plugin<{ readonly name: string }> = (router, { name }) => router.get(`/${name}/:id`, nothing);
    const router = createRouter();

    router.register(rooms, { name: 'rooms' }, { prefix: '/v1' });
    router.group('/v2').register(rooms, { name: 'halls' });

    assert.deepEqual(
      router.routes.map(({ path }) => path),
      ['/v1/rooms/:id', '/v2/halls/:id'],
    );
  });

  it('keeps to itself what it says', () => {
    const [outer, own] = [make(), make()];
    const router = createRouter({ middleware: [outer] });
    router.register((inner) => {
      inner.use({ middleware: [own], where: { id: int() }, binders: [form()], strictAccept: true });
      inner.get('/inside/:id', nothing);
      inner.group('/deeper').get('/:id', nothing);
    });
    router.get('/outside/:id', nothing);

    for (const path of ['/inside/:id', '/deeper/:id']) {
      const { middleware, options } = at(router, path);
      assert.deepEqual(middleware, [outer, own]);
      assert.equal(options.where?.id?.name, int().name);
      assert.equal(options.binders?.length, 1);
      assert.equal(options.strictAccept, true);
    }
    const { middleware, options } = at(router, '/outside/:id');
    assert.deepEqual([middleware, options], [[outer], {}]);
  });

  it('is refused a second time in one place, unless it is meant', () => {
    const rooms: Plugin = (router) => router.group('').group('/x');
    const router = createRouter();
    router.register(rooms);

    assert.throws(() => router.register(rooms), /register: the plugin rooms is registered here already/);
    router.register(rooms, undefined, { isRepeatable: true });
    router.group('/elsewhere').register(rooms);
  });

  it('is refused if it is async', () => {
    const late = (async () => {}) as unknown as Plugin;

    assert.throws(() => createRouter().register(late), /the plugin late is async; wait for what it needs before/);
  });
});

describe('what a router says for its routes', () => {
  it('is overruled by what a group says, and that by the route; middleware adds up', () => {
    const [a, b, c] = [make(), make(), make()];
    const renderers = [jsonRenderer()];
    const router = createRouter({
      middleware: [a],
      binders: [jsonBody()],
      where: { id: int(), key: uuid() },
      renderers,
    });
    const group = router.group('/g', { middleware: [b], binders: [form()], where: { id: uuid() } });
    group.get('/:id/:key', nothing);
    group.get('/r/:id', { middleware: [c], binders: [jsonBody(), form()], where: { id: int({ max: 9 }) } }, nothing);
    group.get('/plain', nothing);

    const one = at(router, '/g/:id/:key');
    const two = at(router, '/g/r/:id');

    assert.deepEqual(
      [one.middleware, two.middleware],
      [
        [a, b],
        [a, b, c],
      ],
    );
    assert.deepEqual([one.options.binders?.length, two.options.binders?.length], [1, 2]);
    assert.deepEqual([one.options.where?.id?.name, one.options.where?.key?.name], ['uuid', 'uuid']);
    assert.equal(two.options.where?.id?.name, 'int 0 to 9');
    assert.equal(one.options.renderers, renderers);
    assert.equal(at(router, '/g/plain').options.where, undefined);
  });

  it('holds for routes that are mounted, where they say nothing', () => {
    const other = createRouter({ binders: [form()] });
    other.get('/:id', nothing);
    const router = createRouter();
    const binders = [jsonBody(), form()];

    router.group('/a', { binders, where: { id: int() }, strictAccept: true }).mount(other);

    const { options } = at(router, '/a/:id');
    assert.equal(options.binders?.length, 1);
    assert.deepEqual([options.where?.id?.name, options.strictAccept], [int().name, true]);
  });

  it('is said before the first route or group', () => {
    const began = [
      (router: ReturnType<typeof createRouter>) => router.get('/a', nothing),
      (router: ReturnType<typeof createRouter>) => void router.group('/a'),
      (router: ReturnType<typeof createRouter>) => router.register(() => {}),
      (router: ReturnType<typeof createRouter>) => router.mount(createRouter()),
    ];

    for (const begin of began) {
      const router = createRouter();
      router.use({ middleware: [make()] });
      begin(router);
      assert.throws(() => router.use({}), /use: say it before the first route or group/);
    }
  });

  it('tells routes of the same path apart by their constraints', () => {
    const router = createRouter();
    router.get('/rooms/:id', { where: { id: int() } }, nothing);
    router.get('/rooms/:name', nothing);

    assert.throws(() => router.get('/rooms/:nr', { where: { nr: int() } }, nothing), /conflicts with GET \/rooms\/:id/);
    // @ts-expect-error the path has no such parameter
    assert.throws(() => router.get('/halls/:id', { where: { name: int() } }, nothing), /a constraint for "name"/);
    router.get('/classes/:constructor', nothing);
    assert.equal(at(router, '/classes/:constructor').options.where, undefined);
    router.group('/:tenant').get('/x', { where: { tenant: uuid() } }, nothing);
  });
});

describe('a decoration', () => {
  it('is seen from the router that has it inwards, and shadowed there', () => {
    const name = decoration<string>('name');
    const other = decoration<string>('name');
    const router = createRouter();
    router.decorate(name, 'outer');
    const group = router.group('/a');
    const seen: string[] = [];

    router.register((inner) => {
      inner.decorate(name, 'inner');
      seen.push(inner.group('/b').decorated(name));
    });
    seen.push(group.decorated(name));

    assert.deepEqual(seen, ['inner', 'outer']);
    assert.throws(() => router.decorate(name, 'again'), /this router has "name" already/);
    assert.throws(() => group.decorated(other), /no router from here outwards has "name"/);
  });
});
