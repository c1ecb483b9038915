import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type LogLine, searchText } from '../store/log-line.ts';
import { ftsExpression, matchesFields, matchesText, parseLogSearch } from './log-search.ts';

const line: LogLine = {
  id: 1,
  timeMs: 0,
  level: 'warn',
  service: 'room',
  instance: 'room-1',
  message: 'Gift refused: Café rose-17 for user_5',
  traceId: null,
  spanId: null,
  attributes: { code: 'failed_precondition', method: 'GET /v1/rooms/:id', count: 3, ok: false, url: 'http://x.test/a' },
};
const text = searchText(line.message, line.attributes);

/** Whether the index finds the text. */
function foundByFts(q: string): boolean {
  const expression = ftsExpression(parseLogSearch(q));
  if (expression === undefined) return true;
  const db = new DatabaseSync(':memory:');
  db.exec(
    "CREATE VIRTUAL TABLE t USING fts5 (text, content = '', detail = none, tokenize = 'unicode61 remove_diacritics 2')",
  );
  db.prepare('INSERT INTO t (rowid, text) VALUES (1, ?)').run(text);
  const found = db.prepare('SELECT count(*) AS n FROM t WHERE t MATCH ?').get(expression) as { n: number };
  db.close();
  return found.n === 1;
}

describe('a log search', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['', true],
    ['gift', true],
    ['GIFT refused', true],
    ['refused gift', true],
    ['"gift refused"', true],
    ['"refused gift"', false],
    ['cafe', true],
    ['café', true],
    ['rose-17', true],
    ['"rose 17', true],
    ['refu', false],
    ['refu*', true],
    ['"gift refu"*', true],
    ['user_5', true],
    ['code:failed_precondition', true],
    ['code:FAILED_PRECONDITION gift', true],
    ['code:failed*', true],
    ['code:failed', false],
    ['code:ok', false],
    ['method:"GET /v1/rooms/:id"', true],
    ['count:3', true],
    ['ok:false', true],
    ['service:room level:warn', true],
    ['service:gift', false],
    ['nosuch:1', false],
    ['url:http://x.test/a', true],
    ['http://x.test/a', true],
    ['AND OR NOT NEAR(', false],
    ['gift AND refused', false],
    ['--- !!! "', true],
    ['text:gift', false],
    ['*', true],
  ];
  for (const [q, expected] of cases) {
    it(`${expected ? 'finds' : 'does not find'} the line by ${q === '' ? 'nothing' : q}`, () => {
      const search = parseLogSearch(q);

      assert.equal(matchesFields(search, line) && matchesText(search, text), expected);
      if (expected) assert.equal(foundByFts(q), true);
    });
  }

  it('is never FTS5 syntax, whatever is typed', () => {
    const piece = fc.constantFrom(
      '"',
      '*',
      '(',
      ')',
      'AND',
      'NOT',
      ':',
      '-',
      '^',
      '+',
      ' ',
      'a',
      '{',
      "'",
      'é',
      'NEAR(',
      '\\',
      '"a"*',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((pieces) => pieces.join('')),
          fc.string(),
        ),
        (q) => {
          const isFound = foundByFts(q);
          if (matchesText(parseLogSearch(q), text)) assert.equal(isFound, true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('takes at most twenty terms', () => {
    assert.equal(parseLogSearch('word '.repeat(1000)).phrases.length, 20);
  });
});
