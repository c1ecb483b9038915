import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from '../address/net-address.ts';
import { ConnectionLimits } from './connection-limits.ts';

test('there are at most so many connections', () => {
  const limits = new ConnectionLimits(2, Number.POSITIVE_INFINITY);

  assert.deepEqual([limits.enter(), limits.enter(), limits.enter()], [undefined, undefined, 'max_connections']);
  limits.leave();
  assert.equal(limits.enter(), undefined);
  assert.equal(limits.open, 2);
});

test('a client has at most so many, however its address is written, and is forgotten with its last', () => {
  const limits = new ConnectionLimits(Number.POSITIVE_INFINITY, 1);
  const enter = (host: string) => limits.enterClient(addressOf(host, 1));
  const refused = 'max_connections_per_address';
  const table: [first: string, second: string, isSame: boolean][] = [
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['2001:db8::1', '2001:db8::2', true],
    ['2001:db8::1', '2001:db8:0:0:ffff::', true],
    ['2001:db8:0:1::', '2001:db8:0:2::', false],
  ];
  for (const [first, second, isSame] of table) {
    const one = enter(first);
    const two = enter(second);
    assert.ok(typeof one === 'object');
    assert.equal(two === refused, isSame, `${first} ${second}`);
    for (const entered of [one, two]) if (typeof entered === 'object') limits.leaveClient(entered);
    assert.equal(limits.clients, 0);
  }
});

test('all Unix sockets are one client', () => {
  const limits = new ConnectionLimits(Number.POSITIVE_INFINITY, 1);

  limits.enterClient(addressOf(undefined, undefined));

  assert.equal(limits.enterClient(addressOf(undefined, undefined)), 'max_connections_per_address');
});
