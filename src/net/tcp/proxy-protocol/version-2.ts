import { formatIp, parseIp } from '../address/ip.ts';
import { addressOf, type NetAddress } from '../address/net-address.ts';
import { TcpErrors } from '../tcp-errors.ts';
import { crc32c } from './crc32c.ts';
import type { ParsedProxyHeader, ProxyHeaderOptions, ProxyTlv } from './proxy-header.ts';

// PROXY protocol, section 2.2: a signature, version and command, family and transport, length, addresses, TLVs.

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const fixedBytes = 16;
const unixPathBytes = 108;
const crc32cType = 0x03;

const local = 0x20;
const proxy = 0x21;
const stream = 0x1;
const families = { ipv4: 0x1, ipv6: 0x2, unix: 0x3 } as const;

export function mayBeVersion2(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return signature.subarray(0, length).equals(bytes.subarray(0, length));
}

/** The bytes begin as `mayBeVersion2` says. */
export function parseVersion2(bytes: Buffer, maxBytes: number): ParsedProxyHeader | undefined {
  if (bytes.length > 12 && bytes[12] !== local && bytes[12] !== proxy) throw invalid('version or command is unknown');
  if (bytes.length > 13 && (bytes[13]! >> 4 > 0x3 || (bytes[13]! & 0xf) > 0x2))
    throw invalid('family or transport is unknown');
  if (bytes.length < fixedBytes) return undefined;
  const length = fixedBytes + bytes.readUInt16BE(14);
  if (length > maxBytes) throw invalid(`the header has ${length} bytes, of at most ${maxBytes}`);
  if (bytes.length < length) return undefined;
  const header = bytes.subarray(0, length);
  const family = header[13]! >> 4;
  const ends = 2 * addressBytes(family);
  if (header[12] === proxy && length < fixedBytes + ends) throw invalid('the header is too short for its addresses');
  // What a LOCAL header has after its length is not ours to read, addresses no more than the rest.
  if (header[12] === proxy) checkTlvs(header, fixedBytes + ends);
  const isOurs = header[12] === proxy && family !== 0 && (header[13]! & 0xf) === stream;
  return {
    version: 2,
    source: isOurs ? addressIn(header, family, 0) : undefined,
    destination: isOurs ? addressIn(header, family, 1) : undefined,
    bytes: length,
  };
}

export function encodeVersion2({ source, destination, tlvs = [], checksum = false }: ProxyHeaderOptions): Buffer {
  const addresses =
    source === undefined || destination === undefined ? Buffer.alloc(0) : encodeAddresses(source, destination);
  const body = [addresses, ...tlvs.map(encodeTlv)];
  if (checksum) body.push(encodeTlv({ type: crc32cType, value: Buffer.alloc(4) }));
  const header = Buffer.concat([signature, Buffer.alloc(4), ...body]);
  header[12] = source === undefined ? local : proxy;
  header[13] = source === undefined ? 0 : (families[source.family] << 4) | stream;
  if (header.length - fixedBytes > 0xffff)
    throw new TypeError('encodeProxyHeader: the TLVs are longer than a header can say, 65,535 bytes');
  header.writeUInt16BE(header.length - fixedBytes, 14);
  if (checksum) header.writeUInt32BE(crc32c(header), header.length - 4);
  return header;
}

/** Of one end, with its port. */
function addressBytes(family: number): number {
  return family === families.ipv4 ? 6 : family === families.ipv6 ? 18 : family === families.unix ? unixPathBytes : 0;
}

/** Both addresses come first, then both ports. `which`: 0 is the source, 1 the destination. */
function addressIn(header: Buffer, family: number, which: 0 | 1): NetAddress {
  if (family === families.unix) {
    const at = fixedBytes + which * unixPathBytes;
    return { family: 'unix', host: pathIn(header.subarray(at, at + unixPathBytes)), port: 0 };
  }
  const size = family === families.ipv4 ? 4 : 16;
  const at = fixedBytes + which * size;
  return addressOf(formatIp(header.subarray(at, at + size)), header.readUInt16BE(fixedBytes + 2 * size + 2 * which));
}

/** A name that begins with a zero byte is an abstract one of Linux, whose other bytes all count. */
function pathIn(bytes: Buffer): string {
  const end = bytes.indexOf(0, 1);
  const path = bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
  return path === '\0' ? '' : path;
}

function checkTlvs(header: Buffer, from: number): void {
  let at = from;
  while (at < header.length) {
    const valueAt = at + 3;
    const end = valueAt <= header.length ? valueAt + header.readUInt16BE(at + 1) : header.length + 1;
    if (end > header.length) throw invalid('a TLV ends behind the header');
    if (header[at] === crc32cType) checkChecksum(header, valueAt, end - valueAt);
    at = end;
  }
}

function checkChecksum(header: Buffer, at: number, length: number): void {
  if (length !== 4) throw invalid(`the checksum has ${length} bytes instead of 4`);
  const zeroed = Buffer.from(header);
  zeroed.fill(0, at, at + 4);
  if (crc32c(zeroed) !== header.readUInt32BE(at)) throw invalid('the checksum is wrong');
}

function encodeAddresses(source: NetAddress, destination: NetAddress): Buffer {
  if (source.family === 'unix') return Buffer.concat([encodePath(source.host), encodePath(destination.host)]);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  return Buffer.concat([encodeIp(source), encodeIp(destination), ports]);
}

function encodeIp({ family, host }: NetAddress): Buffer {
  const bytes = parseIp(host);
  if (bytes?.length !== (family === 'ipv4' ? 4 : 16))
    throw new TypeError(`encodeProxyHeader: "${host}" is no ${family} address`);
  return bytes;
}

function encodePath(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length > unixPathBytes)
    throw new TypeError(`encodeProxyHeader: the path "${path}" is longer than ${unixPathBytes} bytes`);
  return Buffer.concat([bytes, Buffer.alloc(unixPathBytes - bytes.length)]);
}

function encodeTlv({ type, value }: ProxyTlv): Buffer {
  const head = Buffer.from([type, value.length >> 8, value.length & 0xff]);
  if (value.length > 0xffff) throw new TypeError(`encodeProxyHeader: TLV ${type} is longer than 65,535 bytes`);
  return Buffer.concat([head, value]);
}

function invalid(what: string): Error {
  return TcpErrors.PROXY_HEADER_INVALID(`PROXY protocol, version 2: ${what}`);
}
