import type { NetAddress } from '../address/net-address.ts';
import { TcpErrors } from '../tcp-errors.ts';
import { encodeVersion1, mayBeVersion1, parseVersion1 } from './version-1.ts';
import { encodeVersion2, mayBeVersion2, parseVersion2 } from './version-2.ts';

/** The PROXY protocol, versions 1 and 2: what a proxy says of the connection that it passes on, before anything else. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /**
   * Whose connection is passed on. Undefined for a connection of the proxy's own (LOCAL, UNKNOWN), such as a health check,
   * and for one whose ends it does not know: then the ends of the socket count.
   */
  readonly source: NetAddress | undefined;
  readonly destination: NetAddress | undefined;
}

export interface ParsedProxyHeader extends ProxyHeader {
  /** How many bytes the header takes. */
  readonly bytes: number;
}

/** Something about the connection, by type (0x00 to 0xff), as version 2 carries it. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface ProxyHeaderOptions extends ProxyHeader {
  /** Version 2 only. Default: none. */
  readonly tlvs?: readonly ProxyTlv[];
  /** Adds a CRC32c of the header; version 2 only. Default: false. */
  readonly checksum?: boolean;
}

/** The longest header that is taken; version 1 has at most 107 bytes anyway. */
export const maxProxyHeaderBytes = 4096;

/**
 * The header at the beginning of a stream; undefined while more bytes are needed to say. Throws PROXY_HEADER_INVALID as soon
 * as it cannot be one, or is longer than 4,096 bytes. A checksum is checked where there is one; other TLVs are skipped.
 */
export function parseProxyHeader(bytes: Uint8Array): ParsedProxyHeader | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length === 0) return undefined;
  if (mayBeVersion2(buffer)) return parseVersion2(buffer, maxProxyHeaderBytes);
  if (mayBeVersion1(buffer)) return parseVersion1(buffer);
  throw TcpErrors.PROXY_HEADER_INVALID('the stream does not begin with a PROXY protocol header');
}

/**
 * The bytes of a header, to be sent before anything else and at once. Throws a TypeError for ends of different families and
 * for what the version cannot say: version 1 knows neither Unix sockets nor TLVs.
 */
export function encodeProxyHeader(options: ProxyHeaderOptions): Buffer {
  const { version, source, destination } = options;
  if ((source === undefined) !== (destination === undefined) || source?.family !== destination?.family)
    throw new TypeError('encodeProxyHeader: source and destination must be of one family, or both be left out');
  return version === 1 ? encodeVersion1(options) : encodeVersion2(options);
}
