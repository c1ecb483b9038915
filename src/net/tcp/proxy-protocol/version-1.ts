import { ipAddress, type NetAddress } from '../address/net-address.ts';
import { TcpErrors } from '../tcp-errors.ts';
import type { ParsedProxyHeader, ProxyHeaderOptions } from './proxy-header.ts';

// PROXY protocol, section 2.1: one line of text.

const start = Buffer.from('PROXY ', 'latin1');
/** With its CRLF. */
const longestLine = 107;

export function mayBeVersion1(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return start.subarray(0, length).equals(bytes.subarray(0, length));
}

/** The bytes begin as `mayBeVersion1` says. */
export function parseVersion1(bytes: Buffer): ParsedProxyHeader | undefined {
  const lineFeed = bytes.subarray(0, longestLine).indexOf(0x0a);
  if (lineFeed < 0) {
    if (bytes.length >= longestLine) throw invalid(`the line is longer than ${longestLine} bytes`);
    return undefined;
  }
  if (bytes[lineFeed - 1] !== 0x0d) throw invalid('the line ends without CR LF');
  const [, protocol = '', ...fields] = bytes.toString('latin1', 0, lineFeed - 1).split(' ');
  const length = lineFeed + 1;
  if (protocol === 'UNKNOWN') return { version: 1, source: undefined, destination: undefined, bytes: length };
  const family = protocol === 'TCP4' ? 'ipv4' : protocol === 'TCP6' ? 'ipv6' : undefined;
  if (family === undefined || fields.length !== 4) throw invalid('the line is not TCP4 or TCP6 with four fields');
  const [from = '', to = '', fromPort = '', toPort = ''] = fields;
  return {
    version: 1,
    source: addressIn(family, from, fromPort),
    destination: addressIn(family, to, toPort),
    bytes: length,
  };
}

export function encodeVersion1({ source, destination, tlvs = [], checksum = false }: ProxyHeaderOptions): Buffer {
  if (source?.family === 'unix' || tlvs.length > 0 || checksum)
    throw new TypeError('encodeProxyHeader: version 1 carries no Unix sockets, TLVs and checksums; use version 2');
  if (source === undefined || destination === undefined) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const protocol = source.family === 'ipv4' ? 'TCP4' : 'TCP6';
  const ends = `${source.host} ${destination.host} ${source.port} ${destination.port}`;
  return Buffer.from(`PROXY ${protocol} ${ends}\r\n`, 'latin1');
}

function addressIn(family: 'ipv4' | 'ipv6', host: string, port: string): NetAddress {
  const isOfFamily = (family === 'ipv6') === host.includes(':');
  const address = isOfFamily && /^(0|[1-9]\d{0,4})$/.test(port) ? ipAddress(host, Number(port)) : undefined;
  if (address === undefined || address.port > 65535) throw invalid('the line has an address or port that is none');
  return address;
}

function invalid(what: string): Error {
  return TcpErrors.PROXY_HEADER_INVALID(`PROXY protocol, version 1: ${what}`);
}
