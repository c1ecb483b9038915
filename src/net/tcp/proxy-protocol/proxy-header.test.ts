import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NetAddress } from '../address/net-address.ts';
import { randomFrom } from '../testdata/random.ts';
import { crc32c } from './crc32c.ts';
import { encodeProxyHeader, maxProxyHeaderBytes, type ProxyHeaderOptions, parseProxyHeader } from './proxy-header.ts';

const ipv4 = (host: string, port: number): NetAddress => ({ family: 'ipv4', host, port });
const ipv6 = (host: string, port: number): NetAddress => ({ family: 'ipv6', host, port });
const unix = (host: string): NetAddress => ({ family: 'unix', host, port: 0 });
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const signature = '\r\n\r\n\0\r\nQUIT\n';

interface Good {
  readonly name: string;
  readonly bytes: Buffer;
  readonly version: 1 | 2;
  readonly source?: NetAddress;
  readonly destination?: NetAddress;
}

const good: readonly Good[] = [
  {
    name: 'TCP4',
    bytes: latin1('PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n'),
    version: 1,
    source: ipv4('192.0.2.1', 56324),
    destination: ipv4('198.51.100.7', 443),
  },
  {
    name: 'TCP6, whatever the spelling',
    bytes: latin1('PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::1 0 65535\r\n'),
    version: 1,
    source: ipv6('2001:db8::1', 0),
    destination: ipv6('::1', 65535),
  },
  { name: 'UNKNOWN', bytes: latin1('PROXY UNKNOWN\r\n'), version: 1 },
  { name: 'UNKNOWN with anything', bytes: latin1('PROXY UNKNOWN 1 2 x\r\n'), version: 1 },
  {
    name: 'the longest line',
    bytes: latin1(`PROXY UNKNOWN ${Array(2).fill('ffff:'.repeat(8).slice(0, -1)).join(' ')} 65535 65535\r\n`),
    version: 1,
  },
  {
    name: 'version 2, IPv4',
    bytes: latin1(`${signature}\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb`),
    version: 2,
    source: ipv4('192.0.2.1', 56324),
    destination: ipv4('198.51.100.7', 443),
  },
  {
    name: 'version 2, IPv6',
    bytes: latin1(`${signature}\x21\x21\0\x24\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01${'\0'.repeat(15)}\x01\0\x01\0\x02`),
    version: 2,
    source: ipv6('2001:db8::1', 1),
    destination: ipv6('::1', 2),
  },
  {
    name: 'version 2, IPv4 within IPv6',
    bytes: latin1(`${signature}\x21\x21\0\x24${`${'\0'.repeat(10)}\xff\xff\xc0\0\x02\x01`.repeat(2)}\0\x01\0\x02`),
    version: 2,
    source: ipv4('192.0.2.1', 1),
    destination: ipv4('192.0.2.1', 2),
  },
  {
    name: 'version 2, Unix sockets: a path, and an abstract name',
    bytes: latin1(`${signature}\x21\x31\0\xd8${'/run/a'.padEnd(108, '\0')}${'\0b'.padEnd(108, '\0')}`),
    version: 2,
    source: unix('/run/a'),
    destination: unix('\0b'),
  },
  {
    name: 'version 2, a Unix socket without a name, and a path of full length',
    bytes: latin1(`${signature}\x21\x31\0\xd8${'\0'.repeat(108)}${'p'.repeat(108)}`),
    version: 2,
    source: unix(''),
    destination: unix('p'.repeat(108)),
  },
  { name: 'LOCAL', bytes: latin1(`${signature}\x20\0\0\0`), version: 2 },
  { name: 'LOCAL, whatever follows', bytes: latin1(`${signature}\x20\x11\0\x05\xff\xff\xff\xff\xff`), version: 2 },
  { name: 'UNSPEC', bytes: latin1(`${signature}\x21\0\0\0`), version: 2 },
  { name: 'UDP, which is not what came', bytes: latin1(`${signature}\x21\x12\0\x0c${'\x01'.repeat(12)}`), version: 2 },
  {
    name: 'TLVs of any type',
    bytes: latin1(`${signature}\x21\x11\0\x17${'\x01'.repeat(12)}\x04\0\x02ab\xe0\0\x03abc`),
    version: 2,
    source: ipv4('1.1.1.1', 257),
    destination: ipv4('1.1.1.1', 257),
  },
];

describe('a PROXY protocol header', () => {
  for (const { name, bytes, version, source, destination } of good) {
    test(`is read: ${name}`, () => {
      const expected = { version, source, destination, bytes: bytes.length };

      for (let length = 0; length < bytes.length; length++)
        assert.equal(parseProxyHeader(bytes.subarray(0, length)), undefined, `after ${length} bytes`);
      assert.deepEqual(parseProxyHeader(bytes), expected);
      assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, latin1('GET / HTTP/1.1\r\n')])), expected);
    });
  }

  const bad: [name: string, bytes: string][] = [
    ['nothing of the kind', 'GET / HTTP/1.1\r\n'],
    ['almost version 1', 'PROXI'],
    ['almost version 2', '\r\n\r\n\0\r\nQUIT\r'],
    ['another protocol', 'PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n'],
    ['no protocol', 'PROXY \r\n'],
    ['a field too few', 'PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n'],
    ['a field too many', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n'],
    ['two spaces', 'PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n'],
    ['a space at the end', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n'],
    ['IPv6 in TCP4', 'PROXY TCP4 ::1 2.2.2.2 1 2\r\n'],
    ['IPv4 in TCP6', 'PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n'],
    ['a leading zero in the address', 'PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n'],
    ['a leading zero in the port', 'PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n'],
    ['a port that is none', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n'],
    ['a signed port', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 +2\r\n'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
    ['a name', 'PROXY TCP4 localhost 2.2.2.2 1 2\r\n'],
    ['lower case', 'proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n'],
    ['a line feed alone', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n'],
    ['a line feed within UNKNOWN', 'PROXY UNKNOWN a\nb\r\n'],
    ['a line without end', `PROXY UNKNOWN ${'x'.repeat(94)}`],
    ['version 1 of the binary form', `${signature}\x11`],
    ['version 3', `${signature}\x31`],
    ['an unknown command', `${signature}\x22`],
    ['an unknown family', `${signature}\x21\x41`],
    ['an unknown transport', `${signature}\x21\x13`],
    ['too short for its addresses', `${signature}\x21\x11\0\x0b${'\x01'.repeat(11)}`],
    ['longer than is taken', `${signature}\x21\x11\x10\0`],
    ['a TLV that is cut off', `${signature}\x21\x11\0\x0e${'\x01'.repeat(12)}\x04\0`],
    ['a TLV that is too long', `${signature}\x21\x11\0\x10${'\x01'.repeat(12)}\x04\0\x02a`],
    ['a checksum of 3 bytes', `${signature}\x21\x11\0\x12${'\x01'.repeat(12)}\x03\0\x03abc`],
    ['a wrong checksum', `${signature}\x21\x11\0\x13${'\x01'.repeat(12)}\x03\0\x04abcd`],
  ];
  for (const [name, bytes] of bad) {
    test(`is refused, whole and byte by byte: ${name}`, () => {
      const whole = latin1(bytes);

      assert.throws(() => parseProxyHeader(whole), { reason: 'PROXY_HEADER_INVALID' });
      assert.throws(
        () => {
          for (let length = 0; length <= whole.length; length++) parseProxyHeader(whole.subarray(0, length));
        },
        { reason: 'PROXY_HEADER_INVALID' },
      );
    });
  }

  const ends = { source: ipv4('192.0.2.1', 1), destination: ipv4('192.0.2.2', 2) };
  const written: readonly ProxyHeaderOptions[] = [
    { version: 1, ...ends },
    { version: 1, source: ipv6('2001:db8::1', 1), destination: ipv6('::1', 2) },
    { version: 1, source: undefined, destination: undefined },
    { version: 2, ...ends },
    { version: 2, source: ipv6('2001:db8::1', 1), destination: ipv6('::1', 2), checksum: true },
    { version: 2, source: unix('/run/a'), destination: unix('') },
    { version: 2, source: undefined, destination: undefined },
    { version: 2, ...ends, checksum: true, tlvs: [{ type: 0xe1, value: Buffer.from('room-7') }] },
  ];
  test('is read again as it was written', () => {
    for (const options of written) {
      const bytes = encodeProxyHeader(options);

      const { version, source, destination } = options;
      assert.deepEqual(parseProxyHeader(bytes), { version, source, destination, bytes: bytes.length });
    }
  });

  test('is read or refused, whole as in pieces, whatever random change was made to it', () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const random = randomFrom(seed);
    for (let round = 0; round < 5_000; round++) {
      const { bytes } = good[Math.trunc(random() * good.length)]!;
      const changed = Buffer.from(bytes);
      for (let change = 0; change < 2; change++)
        changed[Math.trunc(random() * changed.length)] = Math.trunc(random() * 256);
      const whole = outcomeOf(changed, changed.length);

      let piecewise = 'more';
      for (let length = 0; length <= changed.length && piecewise === 'more'; length++)
        piecewise = outcomeOf(changed, length);
      assert.equal(piecewise, whole, `seed ${seed}, round ${round}`);
    }
  });

  test('is refused when any bit of a checked one is wrong', () => {
    const bytes = encodeProxyHeader({ version: 2, ...ends, checksum: true });
    for (let bit = 16 * 8; bit < 28 * 8; bit++) {
      const wrong = Buffer.from(bytes);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => parseProxyHeader(wrong), { reason: 'PROXY_HEADER_INVALID' }, `bit ${bit}`);
    }
  });

  test('is not written for what it cannot say', () => {
    const { source } = ends;
    const table: readonly ProxyHeaderOptions[] = [
      { version: 1, source, destination: undefined },
      { version: 2, source, destination: ipv6('::1', 1) },
      { version: 1, source: unix('/a'), destination: unix('/b') },
      { version: 1, ...ends, checksum: true },
      { version: 2, source: unix('p'.repeat(109)), destination: unix('') },
      { version: 2, source: ipv4('nowhere', 1), destination: source },
      { version: 2, ...ends, tlvs: [{ type: 4, value: Buffer.alloc(65_535) }] },
    ];
    for (const options of table) assert.throws(() => encodeProxyHeader(options), TypeError);
  });

  test('is bounded', () => {
    const tlv = (length: number) => [{ type: 4, value: Buffer.alloc(length) }];

    const longest = encodeProxyHeader({ version: 2, ...ends, tlvs: tlv(maxProxyHeaderBytes - 16 - 12 - 3) });
    assert.equal(parseProxyHeader(longest)?.bytes, maxProxyHeaderBytes);
    const longer = encodeProxyHeader({ version: 2, ...ends, tlvs: tlv(maxProxyHeaderBytes - 16 - 12 - 2) });
    assert.throws(() => parseProxyHeader(longer.subarray(0, 16)), { reason: 'PROXY_HEADER_INVALID' });
  });
});

function outcomeOf(bytes: Buffer, length: number): string {
  try {
    const header = parseProxyHeader(bytes.subarray(0, length));
    return header === undefined ? 'more' : JSON.stringify(header);
  } catch (error) {
    return (error as { reason?: string }).reason ?? String(error);
  }
}

test('CRC-32C gives the check values of RFC 3720, appendix B.4', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
});
