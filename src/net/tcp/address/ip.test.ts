import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { formatIp, parseIp } from './ip.ts';
import { addressOf, formatAddress, ipAddress, localAddressOf, remoteAddressOf, tellAddresses } from './net-address.ts';

test('an address has one text, whatever it was written as', () => {
  const table: [written: string, text: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::', '2001:db8::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['::ffff:0:0:1', '::ffff:0:0:1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ];

  for (const [written, text] of table) assert.equal(formatIp(parseIp(written)!), text, written);
});

test('text that is no address is none', () => {
  for (const text of [
    '',
    '1',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    ':',
    ':::',
    '1::2::3',
    'fe80::1%eth0',
    'g::',
  ])
    assert.equal(parseIp(text), undefined, text);
});

test('an address is written as people write it', () => {
  assert.equal(formatAddress({ family: 'ipv4', host: '192.0.2.1', port: 80 }), '192.0.2.1:80');
  assert.equal(formatAddress({ family: 'ipv6', host: '::1', port: 80 }), '[::1]:80');
  assert.equal(formatAddress({ family: 'unix', host: '/run/x.sock', port: 0 }), 'unix:/run/x.sock');
});

test('IPv4 that came as IPv6 is IPv4', () => {
  assert.deepEqual(addressOf('::ffff:192.0.2.1', 7), { family: 'ipv4', host: '192.0.2.1', port: 7 });
  assert.deepEqual(ipAddress('::ffff:c000:201', 7), { family: 'ipv4', host: '192.0.2.1', port: 7 });
  assert.deepEqual(addressOf('::ffff:0:1', 7), { family: 'ipv6', host: '::ffff:0:1', port: 7 });
});

test('a socket has its own ends until a proxy tells others', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const client = connect(port, '127.0.0.1');
  const accepted = await new Promise<Socket>((resolve) => server.once('connection', resolve));

  const own = { family: 'ipv4', host: '127.0.0.1', port: client.localPort };
  const source = { family: 'ipv6', host: '2001:db8::1', port: 1 } as const;
  const destination = { family: 'ipv6', host: '2001:db8::2', port: 2 } as const;
  assert.deepEqual(remoteAddressOf(accepted), own);
  assert.deepEqual(localAddressOf(accepted), { family: 'ipv4', host: '127.0.0.1', port });
  tellAddresses(accepted, { source, destination });
  assert.deepEqual([remoteAddressOf(accepted), localAddressOf(accepted)], [source, destination]);

  client.destroy();
  accepted.destroy();
  server.close();
});
