/**
 * The names that a path from a request is made of, or undefined where one of them may not be served: an empty or hidden
 * one, `.` and `..`, one with a control character, backslash or colon, and those that Windows takes for a device or
 * for another name (`NUL`, `com1.txt`, `file.`). The rule is the same on every system, so that a folder can move.
 */
export function namesOf(path: string): readonly string[] | undefined {
  const names = path.split('/');
  return names.every(isPlain) ? names : undefined;
}

/**
 * Whether a request says with an encoded separator or NUL (`%2f`, `%5c`, `%00`) what it could say plainly. No browser does;
 * who does hopes that two servers understand it differently.
 */
export function hasEncodedSeparator(requestPath: string): boolean {
  return requestPath.includes('%') && /%(?:2f|5c|00)/i.test(requestPath);
}

function isPlain(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  return name !== '' && name[0] !== '.' && !/[\x00-\x1f\x7f\\:]|[. ]$/.test(name) && !device.test(name);
}

/** With any extension: Windows opens the device for `nul.txt` too. The digits include the superscript ones. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\xb9\xb2\xb3])[ ]*(?:\.|$)/i;
