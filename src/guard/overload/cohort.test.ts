import assert from 'node:assert/strict';
import { it } from 'node:test';
import { defaultFields } from '../../call/index.ts';
import { cohorts } from './admission-level.ts';
import { cohortOf } from './cohort.ts';

const never = () => assert.fail('chance is not asked');

it('a user is in one cohort, by principal, else tenant, else trace', () => {
  const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true, state: '' };
  const of = (fields: object) => cohortOf({ ...defaultFields, ...fields }, 7, never);

  assert.equal(of({ principal: 'ann', tenant: 'a' }), of({ principal: 'ann', tenant: 'b' }));
  assert.equal(of({ tenant: 'a', trace }), of({ tenant: 'a' }));
  assert.equal(of({ trace }), of({ trace }));
});

it('chance decides on who says nothing', () => {
  assert.equal(
    cohortOf(defaultFields, 7, () => 0.5),
    cohorts / 2,
  );
});

it('users are spread evenly, and anew with another salt', () => {
  const users = Array.from({ length: 12_800 }, (_, n) => ({ ...defaultFields, principal: `user-${n}` }));
  const counts = new Array<number>(cohorts).fill(0);
  let same = 0;
  for (const user of users) {
    const cohort = cohortOf(user, 1, never);
    counts[cohort] = (counts[cohort] ?? 0) + 1;
    if (cohortOf(user, 2, never) === cohort) same++;
  }

  assert.ok(Math.min(...counts) > 50 && Math.max(...counts) < 160, `${Math.min(...counts)} to ${Math.max(...counts)}`);
  assert.ok(same < 250, `${same} of 12,800 in the same cohort`);
});
