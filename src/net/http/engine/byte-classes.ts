/** What each byte may be in HTTP/1.1, one table look-up per byte. */

const tokenPunctuation = "!#$%&'*+-.^_`|~";

/** The lower-case form of a token character (RFC 9110 section 5.6.2), 0 for every other byte. */
export const lowerToken: Uint8Array = table((code) => {
  const char = String.fromCharCode(code);
  if (/[a-z0-9]/i.test(char)) return char.toLowerCase().charCodeAt(0);
  return tokenPunctuation.includes(char) ? code : 0;
});

/** 1 for what a field value may hold (RFC 9110 section 5.5): tab, visible ASCII, space, obs-text. */
export const isValueByte: Uint8Array = table((code) => (code === 9 || (code >= 32 && code !== 127) ? 1 : 0));

/** 1 for what a request target may hold: visible ASCII without '#' (a fragment is never sent). */
export const isTargetByte: Uint8Array = table((code) => (code > 32 && code < 127 && code !== 35 ? 1 : 0));

/** The value of a hexadecimal digit, 255 for every other byte. */
export const hexDigit: Uint8Array = table((code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

export const tab = 9;
export const lf = 10;
export const cr = 13;
export const space = 32;
export const colon = 58;
export const del = 127;

function table(classOf: (code: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => classOf(code));
}
