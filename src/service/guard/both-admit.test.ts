import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Admit, type CallHead, defaultFields, type Permit, type Rejection } from '../../call/index.ts';
import { StatusError } from '../../errors/index.ts';
import { bothAdmit } from './both-admit.ts';

const head: CallHead = { service: 's', method: 'm', sizeBytes: 0, timeoutMs: undefined, fields: defaultFields };
const quota = { policy: 'p', limit: 1, windowMs: 1, remaining: 0, resetMs: 1 };
const refusal: Rejection = { admitted: false, error: new StatusError('unavailable', 'no') };

function recorder(name: string, events: string[], extra: Partial<Permit> = {}): Admit {
  return () => {
    events.push(`${name} asked`);
    return {
      admitted: true,
      done: ({ durationMs }) => events.push(`${name} done ${durationMs}`),
      streams: () => events.push(`${name} streams`),
      ...extra,
    };
  };
}

it('asks both, and tells both of the end, once', () => {
  const events: string[] = [];
  const admit = bothAdmit(recorder('first', events), recorder('second', events, { quota }));

  const permit = admit(head);
  assert.equal(permit.admitted, true);
  permit.streams?.();
  permit.done({ error: undefined, durationMs: 5 });

  assert.equal(permit.quota, quota);
  assert.deepEqual(events, [
    'first asked',
    'second asked',
    'second streams',
    'first streams',
    'second done 5',
    'first done 5',
  ]);
});

it('does not ask the second about what the first refuses', () => {
  const events: string[] = [];

  assert.equal(bothAdmit(() => refusal, recorder('second', events))(head), refusal);
  assert.deepEqual(events, []);
});

it('gives back what the first took where the second refuses or throws', () => {
  for (const second of [() => refusal, () => assert.fail('broken')] satisfies Admit[]) {
    const events: string[] = [];
    const admit = bothAdmit(recorder('first', events), second);
    try {
      assert.equal(admit(head), refusal);
    } catch (error) {
      assert.match(String(error), /broken/);
    }

    assert.deepEqual(events, ['first asked', 'first streams', 'first done 0']);
  }
});

it('is the first where there is no second', () => {
  const first: Admit = () => refusal;

  assert.equal(bothAdmit(first, undefined), first);
});
