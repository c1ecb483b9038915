import { hash } from 'node:crypto';

/** RFC 6455 section 1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** What proves that the server understood the handshake with this key. */
export function acceptKey(key: string): string {
  return hash('sha1', key + guid, 'base64');
}

/** Whether it is the base64 of 16 bytes. */
export function isKey(key: string): boolean {
  return /^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key);
}
