import { type Case, head, limits, requestTable } from './table.ts';

const start = ['POST / HTTP/1.1', 'Host: a'];
/** The request with these lines, and what follows its head. */
const post = (lines: readonly string[], rest = '') => head(...start, ...lines) + rest;
const ok = (rest = '') => [`POST / 1.1 a keep${rest}`];
const refuses = (title: string, ...lines: readonly string[]): Case => [title, post(lines, 'hello'), [], 400];
const hello = (title: string, ...lines: readonly string[]): Case => [
  title,
  post(lines, 'hello'),
  ok(' <hello>'),
  'idle',
];

requestTable('Content-Length', [
  hello('frames a body', 'Content-Length: 5'),
  hello('is known in any letters', 'cONTENT-lENGTH: 5'),
  hello('may have spaces around', 'Content-Length:   5  '),
  hello('may have leading zeros', 'Content-Length: 005'),
  hello('may stand in front of other fields', 'Content-Length: 5', 'X-A: b'),
  ['may be 0', post(['Content-Length: 0']), ok(), 'idle'],
  [
    'frames the body of a GET',
    `${head('GET / HTTP/1.1', 'Host: a', 'Content-Length: 2')}hi`,
    ['GET / 1.1 a keep <hi>'],
    'idle',
  ],
  ['frames a body in HTTP/1.0', `${head('GET / HTTP/1.0', 'Content-Length: 2')}hi`, ['GET / 1.0  <hi>'], 'idle'],
  ['may be missing: there is no body then', post([]), ok(), 'idle'],
  ['takes any bytes as content', post(['Content-Length: 4'], '\r\n\0\xff'), ok(' <\r\n\0\xff>'), 'idle'],
  [
    'leaves what follows to the next request',
    post(['Content-Length: 1'], `x${post([])}`),
    [...ok(' <x>'), ...ok()],
    'idle',
  ],
  ['awaits the rest of a body', post(['Content-Length: 6'], 'hello'), ok(' <hello> …'), 'body'],
  ['awaits all of a body', post(['Content-Length: 6']), ok(' …'), 'body'],
  ['takes the greatest number that is exact', post(['Content-Length: 9007199254740991']), ok(' …'), 'body'],
  refuses('refuses one more than that', 'Content-Length: 9007199254740992'),
  refuses('refuses 2^64, which is 0 to some', 'Content-Length: 18446744073709551616'),
  refuses('refuses a number of many digits', `Content-Length: 1${'0'.repeat(60)}`),
  refuses('refuses an empty one', 'Content-Length:'),
  refuses('refuses a sign', 'Content-Length: +5'),
  refuses('refuses a negative number', 'Content-Length: -5'),
  refuses('refuses a fraction', 'Content-Length: 5.0'),
  refuses('refuses an exponent', 'Content-Length: 5e0'),
  refuses('refuses hexadecimal digits', 'Content-Length: 0x5'),
  refuses('refuses a space between digits', 'Content-Length: 1 5'),
  refuses('refuses digits that are not ASCII', 'Content-Length: \xb2'),
  refuses('refuses an underscore', 'Content-Length: 1_0'),
  refuses('refuses a unit', 'Content-Length: 5 bytes'),
  refuses('refuses a list', 'Content-Length: 5, 5'),
  refuses('refuses a tab in front', 'Content-Length:\t5'),
  refuses('refuses a tab behind', 'Content-Length: 5\t'),
  refuses('refuses two that differ', 'Content-Length: 5', 'Content-Length: 6'),
  refuses('refuses two that are the same', 'Content-Length: 5', 'Content-Length: 5'),
  refuses('refuses two of 0', 'Content-Length: 0', 'content-length: 0'),
  refuses('refuses a space in the name', 'Content Length: 5'),
  ['does not know it with an underscore', post(['Content_Length: 5'], 'G'), ok(), 'head'],
  ['does not know it with something behind', post(['Content-Length-X: 5'], 'G'), ok(), 'head'],
]);

const chunked = (body: string, ...lines: readonly string[]) => post(['Transfer-Encoding: chunked', ...lines], body);
const refusesCoding = (title: string, ...lines: readonly string[]): Case => [title, post(lines, '0\r\n\r\n'), [], 400];

requestTable('Transfer-Encoding', [
  ['frames a body in chunks', chunked('5\r\nhello\r\n0\r\n\r\n'), ok(' <hello>'), 'idle'],
  ['is known in any letters', post(['TRANSFER-encoding: ChunKed'], '0\r\n\r\n'), ok(), 'idle'],
  ['may have spaces around', post(['Transfer-Encoding:  chunked  '], '0\r\n\r\n'), ok(), 'idle'],
  ['awaits the first chunk', chunked(''), ok(' …'), 'body'],
  refusesCoding('refuses chunked beside a Content-Length', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
  refusesCoding('refuses a Content-Length beside chunked', 'Transfer-Encoding: chunked', 'Content-Length: 5'),
  refusesCoding('refuses a Content-Length of 0 beside it', 'Transfer-Encoding: chunked', 'Content-Length: 0'),
  refusesCoding('refuses identity', 'Transfer-Encoding: identity'),
  refusesCoding('refuses identity beside a Content-Length', 'Transfer-Encoding: identity', 'Content-Length: 5'),
  refusesCoding('refuses an empty one', 'Transfer-Encoding:'),
  refusesCoding('refuses an empty one beside a Content-Length', 'Transfer-Encoding:', 'Content-Length: 5'),
  refusesCoding('refuses an unknown coding alone', 'Transfer-Encoding: pigeons'),
  refusesCoding('refuses chunked that is not last', 'Transfer-Encoding: chunked, gzip'),
  refusesCoding('refuses chunked twice', 'Transfer-Encoding: chunked, chunked'),
  refusesCoding('refuses chunked in two lines', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  refusesCoding('refuses another coding in a line behind', 'Transfer-Encoding: chunked', 'Transfer-Encoding: gzip'),
  [
    'refuses another coding in a line in front',
    post(['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked']),
    [],
    400,
  ],
  refusesCoding('refuses an empty line of it behind', 'Transfer-Encoding: chunked', 'Transfer-Encoding:'),
  refusesCoding('refuses chunkedchunked', 'Transfer-Encoding: chunkedchunked'),
  refusesCoding('refuses xchunked', 'Transfer-Encoding: xchunked'),
  refusesCoding('refuses chunked with a parameter', 'Transfer-Encoding: chunked;q=1'),
  refusesCoding('refuses chunked in quotes', 'Transfer-Encoding: "chunked"'),
  refusesCoding('refuses an empty element', 'Transfer-Encoding: ,chunked'),
  refusesCoding('refuses an empty element behind', 'Transfer-Encoding: chunked,'),
  refusesCoding('refuses a tab in front', 'Transfer-Encoding:\tchunked'),
  refusesCoding('refuses a tab behind', 'Transfer-Encoding: chunked\t'),
  refusesCoding('refuses a vertical tab in front', 'Transfer-Encoding: \x0bchunked'),
  refusesCoding('refuses a fold behind', 'Transfer-Encoding: chunked\r\n x'),
  refusesCoding('refuses a blank in front of the colon', 'Transfer-Encoding : chunked'),
  ['refuses it in HTTP/1.0', `${head('POST / HTTP/1.0', 'Transfer-Encoding: chunked')}0\r\n\r\n`, [], 400],
  ['says that it knows no other coding', post(['Transfer-Encoding: gzip, chunked']), [], 501],
  ['says so of two', post(['Transfer-Encoding: gzip , deflate,chunked']), [], 501],
  ['does not know it with an underscore', post(['Transfer_Encoding: chunked'], '0'), ok(), 'head'],
]);

const chunks = (title: string, body: string, content: string): Case => [
  title,
  chunked(body),
  ok(content && ` <${content}>`),
  'idle',
];
const refusesChunk = (title: string, body: string, content = '', status = 400): Case => [
  title,
  chunked(body),
  ok(`${content && ` <${content}>`} …`),
  status,
];
const last = '0\r\n\r\n';

requestTable('chunks', [
  chunks('may be several', `5\r\nhello\r\n6\r\n world\r\n${last}`, 'hello world'),
  chunks('may have any bytes', `6\r\n\r\n0\r\n\0\r\n${last}`, '\r\n0\r\n\0'),
  chunks('take sizes in small letters', `a\r\n0123456789\r\n${last}`, '0123456789'),
  chunks('take sizes in capital letters', `A\r\n0123456789\r\n${last}`, '0123456789'),
  chunks('take sizes of two digits', `1e\r\n${'x'.repeat(30)}\r\n${last}`, 'x'.repeat(30)),
  chunks('take leading zeros', `0005\r\nhello\r\n000\r\n\r\n`, 'hello'),
  chunks('take 13 digits', `0000000000005\r\nhello\r\n${last}`, 'hello'),
  refusesChunk('refuse 14 digits', `00000000000005\r\nhello\r\n`),
  refusesChunk('refuse an empty size', '\r\nhello\r\n'),
  refusesChunk('refuse an empty line for the last chunk', '3\r\nfoo\r\n\r\n', 'foo'),
  refusesChunk('refuse a size that is no number', 'g\r\n'),
  refusesChunk('refuse 0x', '0x5\r\nhello\r\n'),
  refusesChunk('refuse a sign', '+5\r\nhello\r\n'),
  refusesChunk('refuse a negative size', '-5\r\nhello\r\n'),
  refusesChunk('refuse an underscore', '1_0\r\n'),
  refusesChunk('refuse a space in front of a size', ' 5\r\nhello\r\n'),
  refusesChunk('refuse a space behind a size', '5 \r\nhello\r\n'),
  refusesChunk('refuse a tab behind a size', '5\t\r\nhello\r\n'),
  refusesChunk('refuse an LF alone behind a size', '5\nhello\r\n'),
  refusesChunk('refuse a CR alone behind a size', '5\r\r;hello\r\n'),
  refusesChunk('refuse an LF alone behind content', '5\r\nhello\n0\r\n\r\n', 'hello'),
  refusesChunk('refuse a CR alone behind content', '5\r\nhello\r0\r\n\r\n', 'hello'),
  refusesChunk('refuse content that is longer than its size', '5\r\nhello!\r\n0\r\n\r\n', 'hello'),
  refusesChunk('refuse a missing line end behind content', '5\r\nhello0\r\n\r\n', 'hello'),
  refusesChunk('refuse an LF alone at the end', '0\r\n\n'),
  ['leave what follows to the next request', chunked(`1\r\nx\r\n${last}${post([])}`), [...ok(' <x>'), ...ok()], 'idle'],
  ['await more of a size', chunked('5'), ok(' …'), 'body'],
  ['await more of their content', chunked('5\r\nhel'), ok(' <hel> …'), 'body'],
  ['await the line end behind content', chunked('5\r\nhello\r'), ok(' <hello> …'), 'body'],
  ['await the end', chunked('0\r\n\r'), ok(' …'), 'body'],
]);

const ext = (text: string) => `1${text}\r\nx\r\n${last}`;
const refusesExt = (title: string, text: string, status = 400) => refusesChunk(title, `1${text}\r\nx\r\n`, '', status);

requestTable('chunk extensions', [
  chunks('may be names', ext(';a;bc'), 'x'),
  chunks('may have values', ext(';a=b;c=d'), 'x'),
  chunks('may have quoted values', ext(';a="b c;d=e";f=""'), 'x'),
  chunks('may have quoted pairs', ext(';a="b\\"c\\\\";d'), 'x'),
  chunks('may have tabs and 8-bit characters in quotes', ext(';a="\t\xe9"'), 'x'),
  chunks('may stand in the last chunk', '0;a=b\r\n\r\n', ''),
  refusesExt('refuse a name without a semicolon', ' a'),
  refusesExt('refuse an empty one', ';'),
  refusesExt('refuse an empty one in front of another', ';;a'),
  refusesExt('refuse an empty name', ';=b'),
  refusesExt('refuse an empty value', ';a='),
  refusesExt('refuse a space in front of a name', '; a'),
  refusesExt('refuse a space in front of a semicolon', ' ;a'),
  refusesExt('refuse spaces around =', ';a = b'),
  refusesExt('refuse two values', ';a=b=c'),
  refusesExt('refuse something behind quotes', ';a="b"c'),
  refusesExt('refuse quotes within a value', ';a=b"c"'),
  refusesExt('refuse quotes that are not closed', ';a="b'),
  refusesExt('refuse quotes that a pair leaves open', ';a="b\\"'),
  refusesExt('refuse a control character in quotes', ';a="\x01"'),
  refusesExt('refuse a CR in quotes', ';a="\r"'),
  refusesExt('refuse an LF in front of CR', ';a\n'),
  refusesExt('refuse a NUL', ';a\x00'),
  chunks('may have 100 bytes in all', ext(`;${'a'.repeat(99)}`), 'x'),
  refusesExt('refuse more', `;${'a'.repeat(100)}`, 413),
  refusesChunk('count all chunks of a body', `1;${'a'.repeat(60)}\r\nx\r\n1;${'a'.repeat(60)}\r\n`, 'x', 413),
]);

const trailers = (...lines: readonly string[]) => chunked(`0\r\n${head(...lines)}`);
const refusesTrailer = (title: string, ...lines: readonly string[]): Case => [title, trailers(...lines), ok(' …'), 400];

requestTable('trailers', [
  ['are told', trailers('Vary: *', 'X-Sum: 1 2 '), ok(' {Vary|*|X-Sum|1 2}'), 'idle'],
  ['may follow content', chunked('1\r\nx\r\n0\r\nA:b\r\n\r\n'), ok(' <x> {A|b}'), 'idle'],
  [
    'may have names that a proxy would look for elsewhere',
    trailers('Content-Type: a/b'),
    ok(' {Content-Type|a/b}'),
    'idle',
  ],
  ['leave what follows to the next request', trailers('A: b') + post([]), [...ok(' {A|b}'), ...ok()], 'idle'],
  ...[
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Host: a',
    'Connection: close',
    'Expect: 100-continue',
    'Upgrade: x',
  ].map((field) => refusesTrailer(`may not be ${field}`, 'A: b', field)),
  refusesTrailer('refuse a name that is none', 'A b: c'),
  refusesTrailer('refuse a blank in front', ' A: b'),
  refusesTrailer('refuse a fold', 'A: b\r\n c'),
  refusesTrailer('refuse a control character', 'A: b\x01'),
  refusesTrailer('refuse an LF alone', 'A: b\nC: d'),
  ['may have 60 bytes', trailers(`A: ${'b'.repeat(53)}`), ok(` {A|${'b'.repeat(53)}}`), 'idle'],
  ['refuse more', trailers(`A: ${'b'.repeat(54)}`), ok(' …'), 431],
  ['await their end', chunked('0\r\nA: b\r\n'), ok(' …'), 'body'],
]);

requestTable(
  'the number of trailers',
  [['is limited as that of headers', trailers('A:', 'B:', 'C:', 'D:'), ok(' …'), 431]],
  {
    ...limits,
    maxHeaders: 3,
  },
);
