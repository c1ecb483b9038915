import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeptList } from './kept-list.ts';
import { idsOf, instanceOf } from './registry.contract.ts';

const graceMs = 100;

/** `5: 1 2 -3` is a list at 5 ms with two instances, and one that said good-bye; `5! ...` is certain, `5? ...` doubtful; `5` only settles. */
function play(list: KeptList, step: string): string {
  const [, time = '', sign, ids] = /^(\d+)([!?]?)(?::(.*))?$/.exec(step) ?? [];
  const now = Number(time);
  if (ids === undefined) list.settle(now);
  else {
    const words = ids.split(' ').filter((word) => word !== '');
    const instances = words.filter((word) => !word.startsWith('-')).map((id) => instanceOf(id));
    const left = new Set(words.filter((word) => word.startsWith('-')).map((word) => word.slice(1)));
    list.take({ instances, left }, sign === '!' ? 'none' : sign === '?' ? 'great' : 'usual', now);
  }
  return idsOf({ instances: list.current }).join(' ');
}

const ten = '1 2 3 4 5 6 7 8 9 a';

describe('KeptList', () => {
  const cases: [what: string, steps: readonly string[], expected: string][] = [
    ['takes the first list as it is', ['0: 1 2'], '1 2'],
    ['waits a moment for more to be missing', ['0: 1 2 3', '1: 2 3', '10'], '1 2 3'],
    ['lets one of several go then', ['0: 1 2 3', '1: 2 3', '11'], '2 3'],
    ['takes one back that was missing for a moment', ['0: 1 2 3', '1: 2 3', '5: 1 2 3', '50'], '1 2 3'],
    ['keeps the last one', ['0: 1', '1:', '50'], '1'],
    ['keeps all when all are missing', ['0: 1 2 3', '1:', '50'], '1 2 3'],
    ['keeps all that go one after the other', ['0: 1 2 3 4', '1: 2 3 4', '2: 3 4', '3: 4', '50'], '1 2 3 4'],
    ['believes it after the grace', ['0: 1 2 3', '1:', '11', '101'], ''],
    ['keeps several of a few', ['0: 1 2 3', '1: 3', '50'], '1 2 3'],
    ['keeps the second within the grace of the first', ['0: 1 2 3', '1: 2 3', '11', '20: 3', '50'], '2 3'],
    ['lets go of one after the other when the grace is over', ['0: 1 2 3', '1: 2 3', '11', '150: 3', '160'], '3'],
    ['keeps more than 15 % of many', [`0: ${ten}`, '1: 1 2 3 4 5 6 7 8', '50'], '1 2 3 4 5 6 7 8 9 a'],
    ['takes back who registers again', ['0: 1 2 3', '1:', '11', '50: 1 2', '101'], '1 2'],
    ['takes those that said good-bye out at once', ['0: 1 2 3', '1: -1 -2 -3'], ''],
    ['takes out one that was kept and then said good-bye', ['0: 1 2', '1:', '11', '12: -1'], '2'],
    ['believes a list that is certain', ['0: 1 2 3', '1!:'], ''],
    ['believes a certain list about those that it kept', ['0: 1 2 3', '1:', '11', '12!: 1'], '1'],
    ['keeps even one that is missing when the store was away', ['0: 1 2 3', '1?: 2 3', '50'], '1 2 3'],
    ['believes a doubtful list after the grace', ['0: 1 2 3', '1?: 2 3', '101'], '2 3'],
    ['adds newcomers while others are kept', ['0: 1 2', '1: 3', '2: 3 4', '50'], '1 2 3 4'],
  ];
  for (const [what, steps, expected] of cases) {
    it(what, () => {
      const list = new KeptList(graceMs);

      const seen = steps.map((step) => play(list, step));

      assert.equal(seen.at(-1), expected);
    });
  }

  it('says when it wants to be looked at again', () => {
    const list = new KeptList(graceMs);
    play(list, '0: 1 2');

    assert.equal(list.settlesAt, undefined);
    play(list, '7:');
    assert.equal(list.settlesAt, 17, 'after a moment');
    play(list, '17');
    assert.equal(list.settlesAt, 107, 'after the grace');
    play(list, '107');
    assert.equal(list.settlesAt, undefined);
  });

  it('gives the same list again where nothing has changed', () => {
    const list = new KeptList(graceMs);
    play(list, '0: 1 2');
    const before = list.current;

    play(list, '1: 1 2');

    assert.equal(list.current, before);
  });
});
