const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether it can be the name of a subprotocol or of a header (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** The entries of a comma-separated header; empty ones are passed over, as section 5.6.1 wants. */
export function listOf(header: string | undefined): readonly string[] {
  return header === undefined
    ? []
    : header
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '');
}

/** Whether such a header has an entry, in any case. */
export function hasEntry(header: string | undefined, entry: string): boolean {
  return listOf(header).some((one) => one.toLowerCase() === entry);
}
