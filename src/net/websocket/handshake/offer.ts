import type { Agreed } from '../connection/connection.ts';
import { answeredDeflate, deflateOffer } from '../deflate/negotiation.ts';
import { acceptKey } from './accept-key.ts';
import type { Answer } from './answer-reader.ts';
import { hasEntry, isToken } from './tokens.ts';

/** What a client asks for. */
export interface Offer {
  readonly url: URL;
  /** The base64 of 16 random bytes. */
  readonly key: string;
  readonly protocols: readonly string[];
  readonly mayDeflate: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** What belongs to the handshake, or would let a header end the head early. */
const reserved =
  /^(?:connection|upgrade|host|content-length|transfer-encoding|te|trailer|expect|sec-websocket-(?:key|version|accept|protocol|extensions))$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const fieldText = /^[^\x00-\x08\x0a-\x1f\x7f\u0100-\uffff]*$/;

/** The request of a handshake (RFC 6455 section 4.1), in Latin-1. Throws a TypeError for a header that cannot be sent. */
export function formatRequest({ url, key, protocols, mayDeflate, headers }: Offer): string {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
  ];
  if (protocols.length > 0) lines.push(`Sec-WebSocket-Protocol: ${protocols.join(', ')}`);
  if (mayDeflate) lines.push(`Sec-WebSocket-Extensions: ${deflateOffer}`);
  for (const [name, value] of Object.entries(headers)) {
    if (!isToken(name)) throw new TypeError(`websocket.dial: "${name}" is not a header name`);
    if (reserved.test(name.toLowerCase()))
      throw new TypeError(`websocket.dial: the header "${name}" is set by the handshake itself`);
    if (!fieldText.test(value))
      throw new TypeError(
        `websocket.dial: the header "${name}" has a line break, a control character or non-Latin-1 text`,
      );
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** What a 101 agreed on; a string says why it is none that may be given to this offer (section 4.1). */
export function checkAnswer(answer: Answer, { key, protocols, mayDeflate }: Offer): Agreed | string {
  if (answer.header('upgrade')?.toLowerCase() !== 'websocket') return 'Upgrade is not websocket';
  if (!hasEntry(answer.header('connection'), 'upgrade')) return 'Connection does not say upgrade';
  if (answer.header('sec-websocket-accept') !== acceptKey(key)) return 'Sec-WebSocket-Accept does not fit the key';
  const protocol = answer.header('sec-websocket-protocol') ?? '';
  if (protocol !== '' && !protocols.includes(protocol)) return 'a subprotocol that was not offered';
  const deflate = answeredDeflate(answer.header('sec-websocket-extensions'), mayDeflate);
  return typeof deflate === 'string' ? deflate : { protocol, deflate };
}
