import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { int, oneOf, uuid } from './path-constraint.ts';
import { parsePattern, type Segment } from './path-pattern.ts';
import { PlainRouteTree } from './route-tree.oracle.ts';
import { RouteTree } from './route-tree.ts';
import { apiRoutes } from './testdata/api-routes.ts';

describe('RouteTree', () => {
  it('prefers static over suffix over parameter over rest, segment by segment', () => {
    const tree = treeOf('/rooms/new', '/rooms/:id:close', '/rooms/:id', '/rooms/*rest', '/:any/new');

    assert.equal(match(tree, '/rooms/new'), '/rooms/new');
    assert.equal(match(tree, '/rooms/7:close'), '/rooms/:id:close id=7');
    assert.equal(match(tree, '/rooms/7'), '/rooms/:id id=7');
    assert.equal(match(tree, '/rooms/7/8'), '/rooms/*rest rest=7/8');
    assert.equal(match(tree, '/rooms/'), '/rooms/*rest rest=');
    assert.equal(match(tree, '/other/new'), '/:any/new any=other');
    assert.equal(match(tree, '/rooms'), undefined);
    assert.equal(match(tree, '/'), undefined);
  });

  it('goes back to a parameter where the static way ends nowhere', () => {
    const tree = treeOf('/a/b/c', '/a/:x/d', '/*rest');

    assert.equal(match(tree, '/a/b/d'), '/a/:x/d x=b');
    assert.equal(match(tree, '/a/b/e'), '/*rest rest=a/b/e');
  });

  it('takes the longest suffix, and none for an empty parameter', () => {
    const tree = treeOf('/:id:close', '/:id:force:close');

    assert.equal(match(tree, '/7:force:close'), '/:id:force:close id=7');
    assert.equal(match(tree, '/7:close'), '/:id:close id=7');
    assert.equal(match(tree, '/:close'), undefined);
  });

  it('finds static text that arrives percent-encoded, but never a suffix or a slash', () => {
    const tree = treeOf('/rooms/:id:close', '/rooms/:id');

    assert.equal(match(tree, '/r%6Foms/7'), '/rooms/:id id=7');
    assert.equal(match(tree, '/rooms/7%3Aclose'), '/rooms/:id id=7%3Aclose');
    assert.equal(match(tree, '/rooms%2F7'), undefined);
    assert.equal(match(tree, '/%zz/7'), undefined);
  });

  it('does not let a route of another method hide one', () => {
    const tree = new RouteTree<string>();
    tree.add('GET', '/rooms/new', 'new');
    tree.add('POST', '/rooms/:id', 'post');

    assert.equal(tree.find('POST', '/rooms/new')?.value, 'post');
    assert.deepEqual(tree.methods('/rooms/new'), ['GET', 'POST']);
    assert.deepEqual(tree.methods('/rooms/7'), ['POST']);
    assert.deepEqual(tree.methods('/nowhere'), []);
  });

  it('refuses two routes of a method for the same paths and names both', () => {
    const tree = treeOf('/rooms/:id');

    assert.throws(() => tree.add('GET', '/rooms/:name', ''), {
      message: 'GET /rooms/:name conflicts with GET /rooms/:id: both match the same paths; remove one',
    });
    tree.add('POST', '/rooms/:name', '');
  });

  it('takes the path out of a target, from where it starts to where it ends', () => {
    const tree = treeOf('/rooms/:id', '/rooms/new', '/files/*rest', '/');
    const origin = 'http://live.example';

    assert.equal(match(tree, '/rooms/new?x=/1', '/rooms/new'.length), '/rooms/new');
    assert.equal(match(tree, '/rooms/7?x=/1', '/rooms/7'.length), '/rooms/:id id=7');
    assert.equal(match(tree, '/rooms/7?%', '/rooms/7'.length), '/rooms/:id id=7');
    assert.equal(match(tree, `${origin}/files/a/b?c`, origin.length + 10, origin.length), '/files/*rest rest=a/b');
    assert.equal(match(tree, `${origin}/?c`, origin.length + 1, origin.length), '/');
    assert.equal(match(tree, '/rooms?/7', '/rooms'.length), undefined);
    assert.deepEqual(tree.methods('/rooms/7?x', '/rooms/7'.length), ['GET']);
  });

  it('answers HEAD from GET, unless it has a route of its own', () => {
    const tree = treeOf('/rooms', '/rooms/:id');
    tree.add('HEAD', '/rooms/:id', 'head');

    assert.equal(tree.find('HEAD', '/rooms')?.value, '/rooms');
    assert.equal(tree.find('HEAD', '/rooms/7')?.value, 'head');
    assert.equal(tree.find('HEAD', '/nowhere'), undefined);
  });

  it('gives the parameters by name, decoded, whatever their number', () => {
    const tree = treeOf('/:a/:b/:c/:d/:e/*f');

    const found = tree.find('GET', '/1/2%2F/3/%C3%A9/5/6/7%3F');
    const broken = tree.find('GET', '/%/2/3/4/5/');

    assert.deepEqual(found?.params(), { a: '1', b: '2/', c: '3', d: 'é', e: '5', f: '6/7?' });
    assert.deepEqual(found?.values, ['1', '2%2F', '3', '%C3%A9', '5', '6/7%3F']);
    assert.throws(() => broken?.params(), /the path has broken percent-encoding: "%"/);
  });

  it('keeps what it found when it looks for the next', () => {
    const tree = treeOf('/:a/:b');

    const first = tree.find('GET', '/1/2');
    const second = tree.find('GET', '/3/4');

    assert.deepEqual(first?.params(), { a: '1', b: '2' });
    assert.deepEqual(second?.params(), { a: '3', b: '4' });
  });

  it('tries the next alternative where a constraint does not accept', () => {
    const tree = new RouteTree<string>();
    tree.add('GET', '/rooms/:id', 'by id', { id: int() });
    tree.add('GET', '/rooms/:id', 'by uuid', { id: uuid() });
    tree.add('GET', '/rooms/:slug', 'by slug');
    tree.add('GET', '/rooms/new', 'new');
    tree.add('GET', '/rooms/:id/viewers', 'viewers', { id: int() });
    tree.add('GET', '/rooms/*rest', 'rest');
    tree.add('GET', '/files/:name.json', 'json', { name: oneOf('a/b', 'c') });
    tree.add('GET', '/files/:name', 'file');

    const found = (path: string) => tree.find('GET', path)?.value;

    assert.equal(found('/rooms/7'), 'by id');
    assert.equal(found('/rooms/f81d4fae-7dec-11d0-a765-00a0c91e6bf6'), 'by uuid');
    assert.equal(found('/rooms/tea'), 'by slug');
    assert.equal(found('/rooms/new'), 'new');
    assert.equal(found('/rooms/7/viewers'), 'viewers');
    assert.equal(found('/rooms/tea/viewers'), 'rest');
    assert.equal(found('/rooms/%37/viewers'), 'viewers');
    assert.equal(found('/rooms/%/viewers'), 'rest');
    assert.equal(found('/files/c.json'), 'json');
    assert.equal(found('/files/a%2fb.json'), 'json');
    assert.equal(found('/files/d.json'), 'file');
  });

  it('takes routes for the same paths with different constraints, but not with the same', () => {
    const tree = new RouteTree<string>();
    tree.add('GET', '/rooms/:id', '', { id: int() });
    tree.add('GET', '/rooms/:id', '', { id: int({ min: 5 }) });
    tree.add('GET', '/rooms/:id', '');

    assert.throws(() => tree.add('GET', '/rooms/:room', '', { room: int() }), /conflicts with GET \/rooms\/:id/);
    assert.throws(() => tree.add('GET', '/rooms/:room', ''), /conflicts with/);
    assert.throws(
      () => tree.add('GET', '/a/:id/*rest', '', { rest: int() }),
      /there is a constraint for "rest", but the parameters that can have one are: id/,
    );
    assert.throws(() => tree.add('GET', '/a', '', { id: int() }), /can have one are: none/);
  });

  it('finds each route of a large table, and those alone', () => {
    const tree = new RouteTree<string>();
    for (const [method, path] of apiRoutes) tree.add(method, path, `${method} ${path}`);

    for (const [method, path] of apiRoutes) {
      const target = path.replaceAll(/\/[:*]([a-z]+)/g, '/$1-7');
      assert.equal(tree.find(method, target)?.value, `${method} ${path}`);
      assert.equal(tree.find(method, `${target}x/y/z/nowhere`)?.value.includes('*') ?? true, true);
    }
  });

  it('agrees with the plain tree on any routes, methods and paths', () => {
    const segment = fc.constantFrom('a', 'ab', 'abc', 'b', 'ba', 'a:x', ':p', ':p:x', ':p.y', ':p:x:x');
    const pattern = fc
      .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
      .map(
        ([texts, hasRest]) =>
          `/${[...texts.map((text, i) => text.replace('p', `p${i}`)), ...(hasRest ? ['*rest'] : [])].join('/')}`,
      );
    const method = fc.constantFrom('GET', 'POST', 'PUT');
    const part = fc.constantFrom(
      'a',
      'ab',
      'abc',
      'abcd',
      'b',
      'ba',
      'a:x',
      '7.y',
      ':x',
      '',
      '%61',
      'a%62',
      '%',
      '%3Ax',
    );
    const path = fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`);

    fc.assert(
      fc.property(
        fc.array(fc.tuple(method, pattern), { maxLength: 15 }),
        fc.array(path, { maxLength: 15 }),
        fc.constantFrom('', '?', '?/a', '?%61'),
        (routes, paths, query) => {
          const tree = new RouteTree<string>();
          const plain = new PlainRouteTree<string>();
          for (const [name, one] of routes) {
            assert.equal(adds(tree, one, name), adds(plain, one, name));
          }
          for (const one of paths) {
            for (const name of ['GET', 'POST', 'PUT']) {
              const found = tree.find(name, one + query, one.length);
              const known = plain.find(name, one);
              assert.deepEqual(
                [found?.value, found?.names, found?.values],
                [known?.value, known?.names, known?.values],
                `${name} ${one}`,
              );
            }
            assert.deepEqual(tree.methods(one + query, one.length), plain.methods(one));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('agrees with a plain matcher on any routes and paths', () => {
    const name = fc.constantFrom('a', 'b', 'a:x', 'b.y');
    const segment = fc.oneof(name, fc.constantFrom(':p', ':p:x', ':p.y', ':p:x:x'));
    const pattern = fc
      .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
      .map(
        ([texts, hasRest]) =>
          `/${[...texts.map((text, i) => text.replace('p', `p${i}`)), ...(hasRest ? ['*rest'] : [])].join('/')}`,
      );
    const part = fc.constantFrom('a', 'b', 'a:x', 'b.y', 'c:x:x', ':x', '', '%61', 'z');
    const path = fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`);

    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), fc.array(path, { maxLength: 12 }), (patterns, paths) => {
        const tree = new RouteTree<string>();
        const added = patterns.filter((one) => adds(tree, one));
        for (const one of paths) assert.equal(match(tree, one), plainMatch(added, one), `${added.join(' ')} on ${one}`);
      }),
      { numRuns: 2000 },
    );
  });
});

function treeOf(...paths: string[]): RouteTree<string> {
  const tree = new RouteTree<string>();
  for (const path of paths) tree.add('GET', path, path);
  return tree;
}

function adds(tree: Pick<RouteTree<string>, 'add'>, path: string, method = 'GET'): boolean {
  try {
    tree.add(method, path, path);
    return true;
  } catch {
    return false;
  }
}

function match(tree: RouteTree<string>, target: string, end?: number, start?: number): string | undefined {
  const found = tree.find('GET', target, end, start);
  if (found === undefined) return undefined;
  return [found.value, ...found.names.map((name, index) => `${name}=${found.values[index]}`)].join(' ');
}

/** The oracle: tries every pattern, and of those that match takes the one whose first differing segment ranks best. */
function plainMatch(patterns: readonly string[], path: string): string | undefined {
  const matching = patterns.filter((pattern) => values(parsePattern(pattern), path) !== undefined);
  const best = matching.sort((a, b) => comparePatterns(parsePattern(a), parsePattern(b)))[0];
  if (best === undefined) return undefined;
  const segments = parsePattern(best);
  const names = segments.flatMap((segment) => (segment.kind === 'static' ? [] : [segment.name]));
  return [best, ...names.map((name, index) => `${name}=${values(segments, path)![index]}`)].join(' ');
}

function values(segments: readonly Segment[], path: string): string[] | undefined {
  const parts = path === '/' && segments.length === 0 ? [] : path.slice(1).split('/');
  const found: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (part === undefined) return undefined;
    if (segment.kind === 'rest') return [...found, parts.slice(index).join('/')];
    if (segment.kind === 'static') {
      if (decodeURIComponent(part) !== segment.text) return undefined;
    } else {
      if (part.length <= segment.suffix.length || !part.endsWith(segment.suffix)) return undefined;
      found.push(part.slice(0, part.length - segment.suffix.length));
    }
  }
  return parts.length === segments.length ? found : undefined;
}

function comparePatterns(a: readonly Segment[], b: readonly Segment[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = rank(b[i]!) - rank(a[i]!);
    if (difference !== 0) return difference;
  }
  // Only '/' itself is left, which beats an empty rest.
  return a.length - b.length;
}

function rank(segment: Segment): number {
  if (segment.kind === 'static') return 1000;
  return segment.kind === 'param' ? 1 + segment.suffix.length : 0;
}
