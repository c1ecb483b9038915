import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idsOf, instanceOf } from '../../discovery/registry.contract.ts';
import { EtcdLists } from './etcd-lists.ts';
import { entryOf, type KeyValue, keyOf } from './etcd-wire.ts';

const prefix = '/flotilla';

function pair(id: string, value?: string): KeyValue {
  const instance = instanceOf(id);
  const written = value === undefined ? entryOf('token', instance) : Buffer.from(value).toString('base64');
  return { key: keyOf(prefix, instance), value: written, mod_revision: '1', lease: '1' };
}

for (const [what, value] of [
  ['no JSON', 'room'],
  ['no entry', '{}'],
  ['an instance of a newer version', '{"token":"a","instance":{"id":7}}'],
]) {
  test(`an instance whose key is overwritten with ${what} is not listed any more`, () => {
    const lists = new EtcdLists(prefix, [pair('room-1'), pair('room-2')]);
    lists.whole();

    const told = lists.apply([{ kv: pair('room-1', value) }]);

    assert.deepEqual(idsOf(told?.services.get('room') ?? { instances: [] }), ['room-2']);
    assert.deepEqual(idsOf(lists.whole().services.get('room') ?? { instances: [] }), ['room-2']);
  });
}

test('a key that is none of ours changes nothing', () => {
  const lists = new EtcdLists(prefix, [pair('room-1')]);
  const key = Buffer.from(`${prefix}/room/room-1/more`).toString('base64');

  assert.equal(lists.apply([{ kv: { ...pair('room-1', '{}'), key } }]), undefined);
});
