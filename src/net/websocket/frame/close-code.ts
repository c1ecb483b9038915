/** The codes of RFC 6455 section 7.4.1 that are used here. An application has 3000 to 4999 for itself. */
export const CloseCode = {
  /** All is done. */
  normal: 1000,
  /** The server stops, or the page is left. */
  goingAway: 1001,
  protocolError: 1002,
  /** A kind of message that is not taken. */
  unsupported: 1003,
  /** Never sent: the peer's Close had no code. */
  noCode: 1005,
  /** Never sent: the connection was lost without a Close. */
  abnormal: 1006,
  /** Not UTF-8, or not what deflate makes. */
  invalidPayload: 1007,
  policy: 1008,
  tooLarge: 1009,
  internalError: 1011,
} as const;

/** Whether a Close may carry this code (RFC 6455 section 7.4, and the registry of IANA up to 1014). */
export function isCloseCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)
  );
}
