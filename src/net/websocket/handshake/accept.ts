import { current } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { HttpErrors, type HttpRequestHead, setReplyHeader } from '../../http/index.ts';
import type { Agreed } from '../connection/connection.ts';
import { acceptDeflate } from '../deflate/negotiation.ts';
import { WebSocketErrors } from '../websocket-errors.ts';
import { acceptKey, isKey } from './accept-key.ts';
import { type AllowedOrigins, isOriginAllowed } from './origin.ts';
import { hasEntry, isToken, listOf } from './tokens.ts';

/** What a server makes of the handshakes of one route. */
export interface AcceptRules {
  readonly protocols: readonly string[];
  readonly origins: AllowedOrigins;
  readonly mayDeflate: boolean;
}

export interface Acceptance {
  readonly agreed: Agreed;
  /** Of the 101. */
  readonly headers: Readonly<Record<string, string>>;
}

const nothing: Agreed = { protocol: '', deflate: undefined };

/**
 * The server's side of the opening handshake (RFC 6455 section 4.2). Throws what the request is to be refused with: 400 for
 * one that is malformed, 403 for a page that may not connect, 426 for what is no WebSocket of version 13.
 */
export function acceptHandshake(req: HttpRequestHead, rules: AcceptRules): Acceptance {
  if (req.method !== 'GET') throw HttpErrors.MALFORMED_REQUEST(`a WebSocket is opened with GET, not ${req.method}`);
  // Its bytes would be taken for frames.
  if ((req.header('content-length') ?? '0') !== '0' || req.header('transfer-encoding') !== undefined)
    throw HttpErrors.MALFORMED_REQUEST('a WebSocket is opened without a body');
  if (!hasEntry(req.header('upgrade'), 'websocket'))
    throw upgradeRequired('this address speaks WebSocket, and the request does not ask for that');
  const version = req.header('sec-websocket-version');
  if (version !== '13') throw upgradeRequired(`version ${version ?? 'none'} of WebSocket is not spoken here; 13 is`);
  const key = req.header('sec-websocket-key');
  if (key === undefined || !isKey(key))
    throw HttpErrors.MALFORMED_REQUEST('Sec-WebSocket-Key is not the base64 of 16 bytes');
  const origin = req.header('origin');
  if (!isOriginAllowed(origin, req.header('host'), rules.origins))
    throw WebSocketErrors.ORIGIN_NOT_ALLOWED('a page of this origin may not connect here');
  const headers: Record<string, string> = { 'sec-websocket-accept': acceptKey(key) };
  const protocol = chooseProtocol(req.header('sec-websocket-protocol'), rules.protocols);
  if (protocol !== '') headers['sec-websocket-protocol'] = protocol;
  const offer = req.header('sec-websocket-extensions');
  const accepted = offer === undefined || !rules.mayDeflate ? undefined : acceptDeflate(offer);
  if (accepted === 'malformed') throw HttpErrors.MALFORMED_REQUEST('Sec-WebSocket-Extensions is malformed');
  if (accepted !== undefined) headers['sec-websocket-extensions'] = accepted.header;
  const isPlain = protocol === '' && accepted === undefined;
  return { headers, agreed: isPlain ? nothing : { protocol, deflate: accepted?.deflate } };
}

/** 426, with what is spoken here (section 4.4). */
function upgradeRequired(message: string): StatusError {
  setReplyHeader(current(), 'sec-websocket-version', '13');
  return HttpErrors.UPGRADE_REQUIRED(message, { metadata: { upgrade: 'websocket' } });
}

/** The first of ours that the client offers; '' if there is none, which the client may take or leave. */
function chooseProtocol(offered: string | undefined, ours: readonly string[]): string {
  const list = listOf(offered);
  if (!list.every(isToken) || new Set(list).size < list.length)
    throw HttpErrors.MALFORMED_REQUEST('Sec-WebSocket-Protocol is malformed');
  return ours.find((protocol) => list.includes(protocol)) ?? '';
}
