import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluatePreconditions, type Precondition, passesIfRange, type Validators } from './conditional.ts';
import { formatHttpDate } from './http-date.ts';

const now = Date.UTC(2026, 5, 1, 12);
const modifiedMs = Date.UTC(2026, 4, 1, 12) + 250;
const at = formatHttpDate(modifiedMs);
const before = formatHttpDate(modifiedMs - 1000);
const after = formatHttpDate(modifiedMs + 1000);

const strong: Validators = { etag: '"a"', modifiedMs };
const weak: Validators = { etag: 'W/"a"', modifiedMs };
const undated: Validators = { etag: '"a"' };
const untagged: Validators = { modifiedMs };
const bare: Validators = {};
const none = undefined;

type Row = readonly [
  what: string,
  current: Validators | undefined,
  headers: Readonly<Record<string, string>>,
  read: Precondition,
  change: Precondition,
];

/** Each row for GET and HEAD, and for what changes something. */
const sections: Readonly<Record<string, readonly Row[]>> = {
  '13.1.1 If-Match': [
    ['passes on the tag', strong, { 'if-match': '"a"' }, 'proceed', 'proceed'],
    ['passes on one of several', strong, { 'if-match': '"x", "a"' }, 'proceed', 'proceed'],
    ['fails on others', strong, { 'if-match': '"x", "y"' }, 'failed', 'failed'],
    ['compares strongly: a weak tag of the client', strong, { 'if-match': 'W/"a"' }, 'failed', 'failed'],
    ['compares strongly: a weak tag of ours', weak, { 'if-match': 'W/"a"' }, 'failed', 'failed'],
    ['* passes on anything that exists', bare, { 'if-match': '*' }, 'proceed', 'proceed'],
    ['* fails on what does not exist', none, { 'if-match': '*' }, 'failed', 'failed'],
    ['a tag fails on what does not exist', none, { 'if-match': '"a"' }, 'failed', 'failed'],
    ['a tag fails on what has none', untagged, { 'if-match': '"a"' }, 'failed', 'failed'],
    ['that is not valid fails', strong, { 'if-match': 'a' }, 'failed', 'failed'],
    ['that is empty fails', strong, { 'if-match': '' }, 'failed', 'failed'],
  ],
  '13.1.2 If-None-Match': [
    ['passes on others', strong, { 'if-none-match': '"x"' }, 'proceed', 'proceed'],
    ['fails on the tag', strong, { 'if-none-match': '"a"' }, 'not-modified', 'failed'],
    ['fails on one of several', strong, { 'if-none-match': '"x", "a"' }, 'not-modified', 'failed'],
    ['compares weakly: a weak tag of the client', strong, { 'if-none-match': 'W/"a"' }, 'not-modified', 'failed'],
    ['compares weakly: a weak tag of ours', weak, { 'if-none-match': '"a"' }, 'not-modified', 'failed'],
    ['* fails on anything that exists', bare, { 'if-none-match': '*' }, 'not-modified', 'failed'],
    ['* passes on what does not exist', none, { 'if-none-match': '*' }, 'proceed', 'proceed'],
    ['a tag passes on what does not exist', none, { 'if-none-match': '"a"' }, 'proceed', 'proceed'],
    ['a tag passes on what has none', untagged, { 'if-none-match': '"a"' }, 'proceed', 'proceed'],
    ['that is not valid permits no change', strong, { 'if-none-match': 'a' }, 'proceed', 'failed'],
  ],
  '13.1.3 If-Modified-Since': [
    ['passes on an earlier time', strong, { 'if-modified-since': before }, 'proceed', 'proceed'],
    ['fails on the same second', strong, { 'if-modified-since': at }, 'not-modified', 'proceed'],
    ['fails on a later time', strong, { 'if-modified-since': after }, 'not-modified', 'proceed'],
    ['is ignored where there is no time', undated, { 'if-modified-since': after }, 'proceed', 'proceed'],
    ['is ignored where nothing exists', none, { 'if-modified-since': after }, 'proceed', 'proceed'],
    ['is ignored if it is no date', strong, { 'if-modified-since': 'yesterday' }, 'proceed', 'proceed'],
    ['is ignored if it is two', strong, { 'if-modified-since': `${after}, ${after}` }, 'proceed', 'proceed'],
    [
      'is ignored beside If-None-Match',
      strong,
      { 'if-none-match': '"x"', 'if-modified-since': after },
      'proceed',
      'proceed',
    ],
    [
      'is ignored beside If-None-Match that fails',
      strong,
      { 'if-none-match': '"a"', 'if-modified-since': before },
      'not-modified',
      'failed',
    ],
  ],
  '13.1.4 If-Unmodified-Since': [
    ['passes on the same second', strong, { 'if-unmodified-since': at }, 'proceed', 'proceed'],
    ['passes on a later time', strong, { 'if-unmodified-since': after }, 'proceed', 'proceed'],
    ['fails on an earlier time', strong, { 'if-unmodified-since': before }, 'failed', 'failed'],
    ['is ignored where there is no time', undated, { 'if-unmodified-since': before }, 'proceed', 'proceed'],
    ['is ignored where nothing exists', none, { 'if-unmodified-since': before }, 'proceed', 'proceed'],
    ['is ignored if it is no date', strong, { 'if-unmodified-since': '0' }, 'proceed', 'proceed'],
    ['is ignored beside If-Match', strong, { 'if-match': '"a"', 'if-unmodified-since': before }, 'proceed', 'proceed'],
  ],
  '13.2.2 precedence': [
    ['none: proceeds', strong, {}, 'proceed', 'proceed'],
    ['1 before 3: If-Match fails first', strong, { 'if-match': '"x"', 'if-none-match': '"a"' }, 'failed', 'failed'],
    ['1 then 3: both are evaluated', strong, { 'if-match': '"a"', 'if-none-match': '"a"' }, 'not-modified', 'failed'],
    [
      '2 before 3: If-Unmodified-Since fails first',
      strong,
      { 'if-unmodified-since': before, 'if-none-match': '"a"' },
      'failed',
      'failed',
    ],
    [
      '2 then 4: both are evaluated',
      strong,
      { 'if-unmodified-since': at, 'if-modified-since': at },
      'not-modified',
      'proceed',
    ],
    [
      '1 then 4: both are evaluated',
      strong,
      { 'if-match': '"a"', 'if-modified-since': after },
      'not-modified',
      'proceed',
    ],
  ],
};

describe('evaluatePreconditions', () => {
  for (const [section, rows] of Object.entries(sections)) {
    for (const [what, current, headers, read, change] of rows) {
      it(`RFC 9110, ${section}: ${what}`, () => {
        const header = (name: string) => headers[name];

        const outcomes = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'].map((method) =>
          evaluatePreconditions(method, header, current, now),
        );

        assert.deepEqual(outcomes, [read, read, change, change, change, change]);
      });
    }
  }

  for (const method of ['OPTIONS', 'CONNECT', 'TRACE']) {
    it(`RFC 9110, 13.2.1: ignores conditions of ${method}`, () => {
      const header = (name: string) => (name === 'if-match' ? '"x"' : undefined);

      assert.equal(evaluatePreconditions(method, header, strong, now), 'proceed');
    });
  }
});

describe('passesIfRange (RFC 9110, section 13.1.5)', () => {
  const table: readonly [ifRange: string | undefined, current: Validators, passes: boolean][] = [
    [undefined, bare, true],
    ['"a"', strong, true],
    ['"b"', strong, false],
    ['W/"a"', strong, false],
    ['W/"a"', weak, false],
    ['"a"', weak, false],
    ['"a"', untagged, false],
    ['"a", "b"', strong, false],
    ['*', strong, false],
    ['', strong, false],
    [at, strong, true],
    [at, untagged, true],
    [before, strong, false],
    [after, strong, false],
    [at, undated, false],
    ['a', strong, false],
  ];
  for (const [ifRange, current, passes] of table) {
    it(`${passes ? 'honours' : 'ignores'} the range under ${ifRange} for ${JSON.stringify(current)}`, () =>
      assert.equal(passesIfRange(ifRange, current, now), passes));
  }
});
