import { type Extension, parseExtensions } from './extensions.ts';

/** What both sides agreed on. Neither keeps a context from message to message, so a connection holds no compressor. */
export interface Deflate {
  /** The largest window that we may compress with: 9 to 15. */
  readonly windowBits: number;
}

const name = 'permessage-deflate';

/** What a client asks for (RFC 7692 section 7.1): no context on either side. */
export const deflateOffer = `${name}; server_no_context_takeover; client_no_context_takeover`;

export interface Accepted {
  readonly deflate: Deflate;
  /** For the answer's Sec-WebSocket-Extensions. */
  readonly header: string;
}

/**
 * A server's choice: the first offer of permessage-deflate that it can meet. Undefined if there is none, and the
 * connection goes on without; 'malformed' if the header is.
 */
export function acceptDeflate(header: string): Accepted | undefined | 'malformed' {
  const offers = parseExtensions(header);
  if (offers === undefined) return 'malformed';
  for (const offer of offers) {
    const windowBits = offer.name === name ? offeredWindow(offer) : undefined;
    if (windowBits === undefined) continue;
    const window = windowBits === 'any' ? '' : `; server_max_window_bits=${windowBits}`;
    // A server may demand that the client keeps no context, whether it offered that or not (section 7.1.1.2).
    const accepted = `${name}; server_no_context_takeover; client_no_context_takeover${window}`;
    return { deflate: { windowBits: windowBits === 'any' ? 15 : windowBits }, header: accepted };
  }
  return undefined;
}

/** The window that an offer leaves us; undefined if it cannot be met. */
function offeredWindow({ params }: Extension): number | 'any' | undefined {
  if (new Set(params.map(([key]) => key)).size < params.length) return undefined;
  let window: number | 'any' = 'any';
  for (const [key, value] of params) {
    switch (key) {
      case 'server_no_context_takeover':
      case 'client_no_context_takeover':
        if (value !== true) return undefined;
        break;
      case 'client_max_window_bits':
        // A hint of what the client can do; we can read any window.
        if (value !== true && windowOf(value) === undefined) return undefined;
        break;
      case 'server_max_window_bits': {
        const bits = windowOf(value);
        // zlib has no raw deflate with a window of 256 bytes.
        if (bits === undefined || bits === 8) return undefined;
        window = bits;
        break;
      }
      default:
        return undefined;
    }
  }
  return window;
}

/**
 * What a server's answer to our offer means: undefined for no compression. A string says why the answer is none that it
 * may give, and the connection must fail (RFC 7692 section 7.1.2, RFC 6455 section 4.1).
 */
export function answeredDeflate(header: string | undefined, wasOffered: boolean): Deflate | undefined | string {
  if (header === undefined) return undefined;
  const answers = parseExtensions(header);
  if (answers === undefined) return 'the extensions are malformed';
  const [answer, second] = answers;
  if (answer === undefined || second !== undefined || answer.name !== name || !wasOffered)
    return 'an extension that was not offered';
  const seen = new Set<string>();
  for (const [key, value] of answer.params) {
    if (seen.has(key)) return `${key} twice`;
    seen.add(key);
    const isRight =
      key === 'server_max_window_bits'
        ? windowOf(value) !== undefined
        : (key === 'server_no_context_takeover' || key === 'client_no_context_takeover') && value === true;
    if (!isRight) return `the parameter ${key} is not one that was offered`;
  }
  if (!seen.has('server_no_context_takeover')) return 'server_no_context_takeover was demanded and is missing';
  return { windowBits: 15 };
}

/** 8 to 15, written without leading zeros (section 7.1.2.1). */
function windowOf(value: string | true): number | undefined {
  return value !== true && /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}
