import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { fieldsOf } from '../../call/index.ts';
import { background } from '../../concurrency/index.ts';
import { memoryRegistry } from '../../discovery/index.ts';
import { instanceOf } from '../../discovery/registry.contract.ts';
import { fieldsFromOutside } from './field-rules.ts';
import { startWorld } from './gateway.fixture.ts';
import { emptyLaneNote, noLaneNote } from './known-lanes.ts';
import { type LaneRules, laneRules } from './lane-choice.ts';

type Headers = Readonly<Record<string, string>>;

const laneOf = (rules: LaneRules, headers: Headers) => fieldsFromOutside(rules)((name) => headers[name]).fields.lane;

const open: LaneRules = { lanes: 'all' };
const cases: readonly (readonly [what: string, rules: LaneRules, headers: Headers, lane: string])[] = [
  ['the header', open, { 'flotilla-lane': 'blue' }, 'blue'],
  ['the baggage of a caller that knows only W3C headers', open, { baggage: 'flotilla-lane=blue' }, 'blue'],
  ['the cookie', open, { cookie: 'a=b; flotilla-lane=blue; c=d' }, 'blue'],
  ['the host', open, { host: 'blue.localhost:8080' }, 'blue'],
  ['the host in any case', open, { host: 'BLUE.LocalHost' }, 'blue'],
  ['the host of the rules', { ...open, laneHost: 'dev.example.com' }, { host: 'blue.dev.example.com' }, 'blue'],
  [
    'the header before cookie and host',
    open,
    { 'flotilla-lane': 'a', cookie: 'flotilla-lane=b', host: 'c.localhost' },
    'a',
  ],
  ['the cookie before the host', open, { cookie: 'flotilla-lane=b', host: 'c.localhost' }, 'b'],
  ['no lane from another host', open, { host: 'blue.example.com' }, ''],
  ['no lane from the bare host', open, { host: 'localhost:8080' }, ''],
  ['no lane from two labels', open, { host: 'a.b.localhost' }, ''],
  ['no lane from another cookie', open, { cookie: 'not-flotilla-lane=blue; flotilla-lane2=x' }, ''],
  ['no lane whose name is none', open, { 'flotilla-lane': 'Blue Lane' }, ''],
  [
    'nothing where lanes are closed',
    {},
    { 'flotilla-lane': 'blue', cookie: 'flotilla-lane=b', host: 'c.localhost' },
    '',
  ],
  ['a lane that is open', { lanes: ['blue'] }, { cookie: 'flotilla-lane=blue' }, 'blue'],
  ['no lane beside those that are open', { lanes: ['blue'] }, { cookie: 'flotilla-lane=red' }, ''],
  ['the lane of the gateway where none is named', { ...open, lane: 'green' }, {}, 'green'],
  ['another lane than that of the gateway', { ...open, lane: 'green' }, { 'flotilla-lane': 'blue' }, 'blue'],
  ['the lane of the gateway where lanes are closed', { lane: 'green' }, { 'flotilla-lane': 'blue' }, 'green'],
];

describe('the lane of a call from outside', () => {
  for (const [what, rules, headers, lane] of cases) {
    it(`is ${lane === '' ? 'none' : `"${lane}"`}: ${what}`, () => {
      assert.equal(laneOf(rules, headers), lane);
    });
  }

  it('is refused at once where the rules name a lane that cannot be', () => {
    assert.throws(() => laneOf({ lanes: ['Blue'] }, {}), /lanes: "Blue" is no name of a lane/);
  });
});

describe('the rules of the environment', () => {
  const environments: readonly (readonly [Headers, LaneRules])[] = [
    [{}, { lanes: [], lane: '' }],
    [{ FLOTILLA_LANES: 'open' }, { lanes: 'all', lane: '' }],
    [
      { FLOTILLA_LANES: 'closed', FLOTILLA_LANE: 'blue' },
      { lanes: [], lane: 'blue' },
    ],
    [{ FLOTILLA_LANES: 'blue, green' }, { lanes: ['blue', 'green'], lane: '' }],
  ];
  for (const [env, rules] of environments) {
    it(`are ${JSON.stringify(rules)} with ${JSON.stringify(env)}`, () => {
      assert.deepEqual(laneRules(env), rules);
    });
  }
});

describe('a gateway with open lanes', () => {
  it('lets a call travel in the lane that its host chooses, and says so', async () => {
    await using world = await startWorld({ access: { getRoom: 'optional' }, options: { fields: open } });

    const headers = await getFrom(world.port, 'blue.localhost');

    assert.equal(fieldsOf(world.reached[0]!).lane, 'blue');
    assert.deepEqual([headers['flotilla-lane'], headers['flotilla-lane-note']], ['blue', undefined]);
  });

  it('says with the answer that nobody is in the lane, also with an error, and nothing to calls of no lane', async () => {
    const registry = memoryRegistry();
    await registry.register(background(), instanceOf('rank-1', { service: 'rank', lane: 'blue' }));
    await using world = await startWorld({ access: { getRoom: 'optional' }, options: { fields: open, registry } });
    const noteOf = async (lane: string, path = '/v1/rooms/7') => {
      const answer = await fetch(`${world.url}${path}`, { headers: lane === '' ? {} : { 'flotilla-lane': lane } });
      await answer.text();
      return [answer.headers.get('flotilla-lane'), answer.headers.get('flotilla-lane-note')];
    };

    assert.deepEqual(await noteOf('blue'), ['blue', null], 'some service is in it');
    assert.deepEqual(await noteOf('bleu'), ['bleu', emptyLaneNote]);
    assert.deepEqual(await noteOf('bleu', '/nowhere'), ['bleu', emptyLaneNote]);
    assert.deepEqual(await noteOf('Blue!'), [null, noLaneNote]);
    assert.deepEqual(await noteOf(''), [null, null]);
  });
});

/** `fetch` may not set Host. */
function getFrom(port: number, host: string): Promise<NodeJS.Dict<string | string[]>> {
  return new Promise((resolve, reject) => {
    request({ port, path: '/v1/rooms/7', headers: { host } }, (response) => {
      response.resume().once('end', () => resolve(response.headers));
    })
      .once('error', reject)
      .end();
  });
}
