/** Numbers from a seed (mulberry32): the same seed gives the same requests. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to `below`. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  isOneIn(times: number): boolean {
    return this.below(times) === 0;
  }
}

const methods = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'M-SEARCH', 'QUERY'];
const targets = [
  '/',
  '/a',
  '/v1/rooms/42?x=1&y=%20',
  '/~!$&()*+,;=:@',
  'http://a.example:80/x',
  'HTTP://a.example',
  '*',
  'a.example:443',
  '/"<>\\^`{|}',
];
export const plainFields: readonly string[] = [
  'Accept: */*',
  'User-Agent: curl/8.1',
  'X-Empty:',
  'x-blank: \t ',
  'X-Many:a',
  'X-Many: b\t c ',
  'Cookie: a=b; c=d',
  'Cookie: e="f"',
  'X-Latin: caf\xe9',
  "!#$%&'*+-.^_`|~0: odd",
  'Content-Type: application/json',
  '__proto__: x',
];
const framingFields = [
  'Connection: close, te',
  'Connection:close',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length: 5 5',
  'Content-Length: 0x5',
  'Content-Length: 18446744073709551617',
  'Content-Length: 9007199254740993',
  'Content-Length:',
  'Content-Length:\t5 ',
  'Content-Length : 5',
  'Transfer-Encoding: CHUNKED',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding:',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: chunked\t',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding\t: chunked',
  'Transfer-Encoding: chunked\r\n ,identity',
  'Content_Length: 5',
  'Host:',
  'Host: a.example:80:80',
  'Connection: close',
  'Connection: Keep-Alive',
  'connection: upgrade, keep-alive',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Expect: something',
  'Content-Length: 5',
  'Content-Length: 0',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Host: b.example',
  'TE: trailers',
];
/** What is put somewhere into a request to see what becomes of it. */
const pieces = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  '\0',
  '\x7f',
  '\x80',
  '\xff',
  ':',
  ';',
  ',',
  '=',
  '"',
  '\\',
  '#',
  '*',
  '/',
  '0',
  '5',
  'a',
  '+',
  '-',
  '0x',
  ' HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/1.9',
  'PRI * HTTP/2.0',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'chunked',
  ', chunked',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  ';a=b',
  ';a="b\\"c"',
  'X-A: b\r\n',
  ' folded: x\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: a\r\n',
  '%00',
  '\x16\x03\x01',
];

/** A request that most probably is valid, or several of them behind each other. */
export function randomRequests(random: Random): string {
  let text = '';
  do {
    text += randomRequest(random);
  } while (random.isOneIn(3));
  return text;
}

function randomRequest(random: Random): string {
  const version = random.isOneIn(5) ? 'HTTP/1.0' : 'HTTP/1.1';
  const target = random.isOneIn(3) ? random.pick(targets) : '/path';
  const method = target === '*' ? 'OPTIONS' : target === 'a.example:443' ? 'CONNECT' : random.pick(methods);
  const lines = [`${method} ${target} ${version}`, 'Host: a.example'];
  if (target.startsWith('http')) lines[1] = 'Host: a.example:80';
  for (let count = random.below(4); count > 0; count--)
    lines.splice(1 + random.below(lines.length), 0, random.pick(plainFields));
  if (random.isOneIn(4)) lines.push(random.pick(framingFields));
  const [field, body] = method === 'CONNECT' ? ['', ''] : randomBody(random);
  if (field !== '') lines.splice(1 + random.below(lines.length), 0, field);
  return `${random.isOneIn(10) ? '\r\n' : ''}${lines.join('\r\n')}\r\n\r\n${body}`;
}

export function randomBody(random: Random): [field: string, body: string] {
  const content = 'some content\r\n\0\xff of a message'.slice(0, random.below(32));
  if (random.isOneIn(2)) return ['', ''];
  if (random.isOneIn(2)) return [`Content-Length: ${content.length}`, content];
  const extension = () => random.pick(['', '', '', ';a', ';a=b', ';a="b;\\"c"', ';a=b;c']);
  let body = '';
  for (let at = 0; at < content.length; ) {
    const size = 1 + random.below(content.length - at);
    const digits = size.toString(16);
    body += `${random.isOneIn(4) ? digits.toUpperCase().padStart(3, '0') : digits}${extension()}\r\n${content.slice(at, at + size)}\r\n`;
    at += size;
  }
  const trailers = random.isOneIn(4) ? `${random.pick(plainFields)}\r\nX-Check: 1\r\n` : '';
  return ['Transfer-Encoding: chunked', `${body}0${extension()}\r\n${trailers}\r\n`];
}

/** Some small changes to a text, each of one character or a few. */
export function mutate(random: Random, text: string): string {
  let changed = text;
  for (let times = 1 + random.below(3); times > 0; times--) changed = mutateOnce(random, changed);
  return changed;
}

function mutateOnce(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  const length = 1 + random.below(random.isOneIn(4) ? 12 : 1);
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + text.slice(at, at + length).repeat(2) + text.slice(at + length);
    case 3:
      return text.slice(0, at);
    case 4: {
      // A line twice, or one of another request.
      const lines = text.split('\r\n');
      lines.splice(
        random.below(lines.length),
        random.below(2),
        random.isOneIn(2) ? random.pick(lines) : random.pick(framingFields),
      );
      return lines.join('\r\n');
    }
    case 5: {
      const swapped = swap(text.charAt(at));
      return text.slice(0, at) + swapped + text.slice(at + 1);
    }
    default:
      return text.slice(0, at) + random.pick(pieces) + text.slice(at + random.below(2));
  }
}

/** The bytes cut into pieces, of which none is empty. */
export function cut(random: Random, bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(random.isOneIn(2) ? 4 : bytes.length));
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/** The same letter in the other case; LF for CR. */
function swap(char: string): string {
  if (char === '\r') return '\n';
  return /[a-z]/i.test(char) ? String.fromCharCode(char.charCodeAt(0) ^ 32) : char;
}
