import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpanRow } from '../otlp/records.ts';
import { spanIdOf } from '../testdata/otlp-json.ts';
import { EdgeMatcher } from './edge-matcher.ts';

function span(
  service: string,
  kind: 'server' | 'client' | 'internal',
  id: number,
  parent?: number,
  isError = false,
): SpanRow {
  return {
    emitter: { service, version: '', instance: '' },
    traceId: new Uint8Array(16).fill(1),
    spanId: Uint8Array.fromHex(spanIdOf(id)),
    parentSpanId: parent === undefined ? undefined : Uint8Array.fromHex(spanIdOf(parent)),
    name: 'x',
    kind: { internal: 1, server: 2, client: 3 }[kind],
    startUs: 1000 * id,
    durationUs: 10 * id,
    isError,
    lane: '',
    statusMessage: '',
    attributes: '{}',
    events: '',
  };
}

const asked = span('gateway', 'client', 5, 1);
const answered = span('room', 'server', 6, 5);
const edge = { source: 'gateway', target: 'room', startUs: 6000, durationUs: 50, isError: false };

describe('EdgeMatcher', () => {
  it('finds a call whose ends come together, in either order', () => {
    assert.deepEqual(new EdgeMatcher().match([asked, answered]), [edge]);
    assert.deepEqual(new EdgeMatcher().match([answered, asked]), [edge]);
  });

  it('finds a call whose ends come apart, in either order', () => {
    for (const [first, second] of [
      [asked, answered],
      [answered, asked],
    ] as const) {
      const matcher = new EdgeMatcher();

      assert.deepEqual(matcher.match([first]), []);
      assert.deepEqual(matcher.match([second]), [edge]);
      assert.deepEqual(matcher.match([]), []);
    }
  });

  it('takes a call as failed if either end says so', () => {
    const failed = span('gateway', 'client', 5, 1, true);

    assert.equal(new EdgeMatcher().match([failed, answered])[0]!.isError, true);
  });

  it('finds the calls that one span made to several', () => {
    const edges = new EdgeMatcher().match([answered, span('gift', 'server', 7, 5), asked]);

    assert.deepEqual(
      edges.map(({ target }) => target),
      ['room', 'gift'],
    );
  });

  it("knows a service's own spans as no call", () => {
    const edges = new EdgeMatcher().match([
      span('room', 'server', 1),
      span('room', 'internal', 2, 1),
      span('room', 'client', 3, 2),
    ]);

    assert.deepEqual(edges, []);
  });

  it('forgets what waited too long, and stays within its bound', () => {
    const matcher = new EdgeMatcher(10);
    matcher.match([answered]);

    for (let id = 100; id < 140; id++) matcher.match([span('room', 'server', id, id + 1000)]);

    assert.deepEqual(matcher.match([asked]), []);
  });
});
