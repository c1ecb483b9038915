import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LastGoodList } from './last-good-list.ts';
import { idsOf, instanceOf } from './registry.contract.ts';

/** `a starting: 1 2` is an answer of epoch a that is not complete, with two instances. */
function answer(text: string) {
  const [head = '', ids = ''] = text.split(':');
  const [epoch = '', state] = head.split(' ');
  const instances = ids
    .split(' ')
    .filter((id) => id !== '')
    .map((id) => instanceOf(id));
  return { epoch, complete: state === 'complete', instances };
}

describe('LastGoodList', () => {
  const cases: [what: string, answers: readonly string[], expected: readonly string[]][] = [
    ['takes the first list as it is, complete or not', ['a starting: 1'], ['1']],
    ['takes each list of one epoch as it is', ['a starting: 1 2', 'a starting: 2', 'a complete: 3'], ['3']],
    ['keeps the list over a restart of the registry', ['a complete: 1 2', 'b starting:'], ['1', '2']],
    ['adds those that a restarted registry names', ['a complete: 1 2', 'b starting: 3'], ['1', '2', '3']],
    [
      'believes a restarted registry about those that it has named',
      ['a complete: 1 2', 'b starting: 1', 'b starting:'],
      ['2'],
    ],
    [
      'drops what did not come back once the list is complete',
      ['a complete: 1 2', 'b starting: 1', 'b complete: 1'],
      ['1'],
    ],
    ['takes a complete list of a new epoch at once', ['a complete: 1 2', 'b complete: 3'], ['3']],
    ['keeps the list over two restarts', ['a complete: 1 2', 'b starting: 1', 'c starting:'], ['1', '2']],
    ['takes an empty list that is complete', ['a complete: 1', 'a complete:'], []],
  ];
  for (const [what, answers, expected] of cases) {
    it(what, () => {
      const list = new LastGoodList();

      const [last] = answers.map((text) => list.take(answer(text))).slice(-1);

      assert.deepEqual(idsOf({ instances: last ?? [] }), expected);
    });
  }
});
