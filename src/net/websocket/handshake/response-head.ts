/** The head of the answer to a handshake. */
export interface ResponseHead {
  readonly status: number;
  /** By lower-case name; one that came several times is joined by ', '. */
  readonly headers: ReadonlyMap<string, string>;
}

const statusLine = /^HTTP\/1\.1 ([1-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?$/;
// A name, a colon, and a value without control characters: no line folding, no blank before the colon (RFC 9112 section 5).
const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;

/** Undefined for what is no head of HTTP/1.1. `text` is Latin-1, without the empty line at the end. */
export function parseResponseHead(text: string): ResponseHead | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const status = statusLine.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const found = field.exec(line);
    if (found === null) return undefined;
    const name = found[1]!.toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? found[2]! : `${before}, ${found[2]}`);
  }
  return { status: Number(status), headers };
}
