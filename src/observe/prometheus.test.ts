import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricsRegistry } from './metrics.ts';
import { exposedName, formatPrometheus } from './prometheus.ts';

const resource = { service: 'room', version: '1.0.0', instance: 'room-1' };

function exposition(use: (metrics: MetricsRegistry) => void): string {
  const metrics = new MetricsRegistry();
  use(metrics);
  return formatPrometheus(resource, metrics.families).replace(/^(?:.*target_info.*\n)+/, '');
}

describe('exposedName', () => {
  const names: readonly (readonly [string, string, 'counter' | 'gauge' | 'histogram', string])[] = [
    ['rpc.server.call.duration', 's', 'histogram', 'rpc_server_call_duration_seconds'],
    ['gifts.sent', '{gift}', 'counter', 'gifts_sent_total'],
    ['process.cpu.time', 's', 'counter', 'process_cpu_time_seconds_total'],
    ['process.memory.usage', 'By', 'gauge', 'process_memory_usage_bytes'],
    ['nodejs.eventloop.utilization', '1', 'gauge', 'nodejs_eventloop_utilization_ratio'],
    ['requests_total', '', 'counter', 'requests_total'],
    ['wait_seconds', 's', 'gauge', 'wait_seconds'],
    ['a--b..c/d', '', 'gauge', 'a_b_c_d'],
    ['speed', 'm/s', 'gauge', 'speed_m_s'],
  ];
  for (const [name, unit, kind, exposed] of names) {
    it(`shows ${name} in "${unit}" as ${exposed}`, () => assert.equal(exposedName({ name, unit, kind }), exposed));
  }
});

describe('the Prometheus text', () => {
  it('gives help, type and values', () => {
    const text = exposition((metrics) => {
      const sent = metrics.counter('gifts.sent', { description: 'Gifts sent.\nA \\ line.', labels: ['gift'] });
      sent.with({ gift: 'rose' }).add();
      sent.with({ gift: 'rose' }).add(2);
      metrics.gauge('rooms.open').with().set(-1.5);
    });

    assert.equal(
      text,
      '# HELP gifts_sent_total Gifts sent.\\nA \\\\ line.\n' +
        '# TYPE gifts_sent_total counter\n' +
        'gifts_sent_total{gift="rose"} 3\n' +
        '# TYPE rooms_open gauge\n' +
        'rooms_open -1.5\n',
    );
  });

  it('names the resource', () => {
    const text = formatPrometheus(resource, []);

    assert.match(text, /^target_info\{service_name="room",service_version="1.0.0",service_instance_id="room-1"\} 1$/m);
  });

  it('gives cumulative buckets, sum and count of a histogram', () => {
    const text = exposition((metrics) => {
      const waits = metrics.histogram('wait', { unit: 's', labels: ['m'], bounds: [0.1, 1] }).with({ m: 'a' });
      for (const value of [0.1, 0.5, 1, 7]) waits.record(value);
    });

    assert.equal(
      text,
      '# TYPE wait_seconds histogram\n' +
        'wait_seconds_bucket{m="a",le="0.1"} 1\n' +
        'wait_seconds_bucket{m="a",le="1"} 3\n' +
        'wait_seconds_bucket{m="a",le="+Inf"} 4\n' +
        'wait_seconds_sum{m="a"} 8.6\n' +
        'wait_seconds_count{m="a"} 4\n',
    );
  });

  it('escapes label values', () => {
    const text = exposition((metrics) =>
      metrics
        .counter('c', { labels: ['v'] })
        .with({ v: 'a"b\\c\nd' })
        .add(),
    );

    assert.match(text, /^c_total\{v="a\\"b\\\\c\\nd"\} 1$/m);
  });

  it('leaves out a value that cannot be read, and a name that is taken', () => {
    const text = exposition((metrics) => {
      metrics.observe('broken', {}, () => {
        throw new Error('no');
      });
      metrics.gauge('a.b').with().set(1);
      metrics.gauge('a_b').with().set(2);
      metrics.observe('endless', {}, () => Number.POSITIVE_INFINITY);
    });

    assert.equal(text, '# TYPE broken gauge\n# TYPE a_b gauge\na_b 1\n# TYPE endless gauge\nendless +Inf\n');
  });

  it('holds the rules of the format on every line', () => {
    const text = exposition((metrics) => {
      metrics
        .counter('c', { labels: ['a', 'b.c'] })
        .with({ a: '1', 'b.c': 'é' })
        .add();
      metrics.histogram('h', { unit: 'ms' }).with().record(3);
      metrics.observe('o', { unit: 'By' }, () => 1e21);
    });

    const metric =
      /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"(,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*")*\})? (?:[-+]?\d\S*|[-+]Inf|NaN)$/;
    for (const line of text.trimEnd().split('\n')) {
      assert.match(line, line.startsWith('#') ? /^# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+$/ : metric);
    }
  });
});
