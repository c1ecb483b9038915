import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutMap, type MapLayout } from './map-layout.ts';

function link(text: string): { from: string; to: string } {
  const [from, to] = text.split('>') as [string, string];
  return { from, to };
}

function xOf(layout: MapLayout, id: string): number {
  return layout.nodes.find((node) => node.id === id)!.x;
}

const live = {
  ids: ['account', 'gateway', 'gift', 'rank', 'room'],
  links: [
    'gateway>room',
    'gateway>account',
    'gateway>gift',
    'gateway>rank',
    'gift>account',
    'gift>room',
    'rank>account',
  ].map(link),
};

test('a callee stands after all of its callers', () => {
  const layout = layoutMap(live.ids, live.links);

  for (const { from, to } of live.links) assert.ok(xOf(layout, from) < xOf(layout, to), `${from} before ${to}`);
});

test('the same graph gives the same picture in whatever order it comes', () => {
  const layout = layoutMap(live.ids, live.links);

  assert.deepEqual(layoutMap([...live.ids].reverse(), [...live.links].reverse()), layout);
});

test('no two nodes stand in the same place and all lie inside', () => {
  const layout = layoutMap(live.ids, live.links);

  assert.equal(new Set(layout.nodes.map((node) => `${node.x} ${node.y}`)).size, live.ids.length);
  for (const { x, y } of layout.nodes) assert.ok(x >= 0 && x <= layout.width && y >= 0 && y <= layout.height);
});

test('an edge that crosses layers has a point in each of them', () => {
  const layout = layoutMap(['a', 'b', 'c'], ['a>b', 'b>c', 'a>c'].map(link));

  const long = layout.edges.find((edge) => edge.from === 'a' && edge.to === 'c')!;
  assert.equal(long.points.length, 3);
  assert.notEqual(long.points[1]?.y, layout.nodes.find((node) => node.id === 'b')?.y);
});

test('a ring is drawn with one backward edge that still runs from caller to callee', () => {
  const layout = layoutMap(['a', 'b', 'c'], ['a>b', 'b>c', 'c>a'].map(link));

  const backward = layout.edges.filter((edge) => edge.isBackward);
  assert.deepEqual(
    backward.map(({ from, to }) => `${from}>${to}`),
    ['c>a'],
  );
  assert.equal(backward[0]?.points[0]?.x, xOf(layout, 'c'));
  assert.equal(backward[0]?.points.at(-1)?.x, xOf(layout, 'a'));
});

test('edges do not cross where they need not', () => {
  const layout = layoutMap(['a', 'b', 'x', 'y'], ['a>y', 'b>x'].map(link));

  const yOf = (id: string) => layout.nodes.find((node) => node.id === id)!.y;
  assert.equal(Math.sign(yOf('a') - yOf('b')), Math.sign(yOf('y') - yOf('x')));
});

test('calls to oneself and to unknown services are dropped, doubles count once', () => {
  assert.equal(layoutMap(['a', 'b'], ['a>a', 'a>lost', 'a>b', 'a>b'].map(link)).edges.length, 1);
});

test('downwards the layers are rows', () => {
  const layout = layoutMap(['a', 'b'], [link('a>b')], { direction: 'down', layerGap: 100, margin: 50 });

  assert.deepEqual(layout.nodes, [
    { id: 'a', x: 50, y: 50 },
    { id: 'b', x: 50, y: 150 },
  ]);
  assert.deepEqual([layout.width, layout.height], [100, 200]);
});

test('an empty map has a size and nothing on it', () => {
  const layout = layoutMap([], []);

  assert.deepEqual([layout.nodes, layout.edges], [[], []]);
  assert.ok(layout.width > 0 && layout.height > 0);
});
