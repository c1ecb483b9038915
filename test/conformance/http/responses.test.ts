import { type Case, head, responseTable } from './table.ts';

const ok = 'HTTP/1.1 200 OK';
const empty = (line: string) => head(line, 'Content-Length: 0');

responseTable('status lines', [
  ['takes a reason', empty('HTTP/1.1 404 Not Found'), ['1.1 404 Not Found keep'], 'idle'],
  ['takes HTTP/1.0', empty('HTTP/1.0 200 OK'), ['1.0 200 OK'], 'idle'],
  ['takes an empty reason', empty('HTTP/1.1 301 '), ['1.1 301  keep'], 'idle'],
  ['takes a code without a space behind', empty('HTTP/1.1 301'), ['1.1 301  keep'], 'idle'],
  ['takes a reason that begins with a space', empty('HTTP/1.1 200  OK'), ['1.1 200  OK keep'], 'idle'],
  ['takes 8-bit characters and tabs in a reason', empty('HTTP/1.1 200 \xe9\tb'), ['1.1 200 \xe9\tb keep'], 'idle'],
  ['takes codes that nobody knows', empty('HTTP/1.1 999 '), ['1.1 999  keep'], 'idle'],
  ['refuses another protocol', empty('ICE/1.1 200 OK'), [], 502],
  ['refuses a longer name', empty('HTTPER/1.1 200 OK'), [], 502],
  ['refuses a shorter name', empty('HTP/1.1 200 OK'), [], 502],
  ['refuses HTTP/2.0', empty('HTTP/2.0 200 OK'), [], 502],
  ['refuses HTTP/1.2', empty('HTTP/1.2 200 OK'), [], 502],
  ['refuses a zero in front of the major version', empty('HTTP/01.1 200 OK'), [], 502],
  ['refuses two digits of the major version', empty('HTTP/11.1 200 OK'), [], 502],
  ['refuses two digits of the minor version', empty('HTTP/1.01 200 OK'), [], 502],
  ['refuses a tab behind the version', empty('HTTP/1.1\t200 OK'), [], 502],
  ['refuses two spaces behind the version', empty('HTTP/1.1  200 OK'), [], 502],
  ['refuses a code of one digit', empty('HTTP/1.1 2 OK'), [], 502],
  ['refuses a code of two digits', empty('HTTP/1.1 20 OK'), [], 502],
  ['refuses a code of four digits', empty('HTTP/1.1 2000 OK'), [], 502],
  ['refuses a code below 100', empty('HTTP/1.1 099 OK'), [], 502],
  ['refuses a tab behind the code', empty('HTTP/1.1 200\tOK'), [], 502],
  ['refuses a control character in the reason', empty('HTTP/1.1 200 O\x01K'), [], 502],
  ['refuses an empty line in front', `\r\n${empty(ok)}`, [], 502],
  ['refuses a CR in front', `\r${empty(ok)}`, [], 502],
  ['refuses an LF as line end', `${ok}\nContent-Length: 0\n\n`, [], 502],
  ['refuses a CR as line end', `${ok}\rContent-Length: 0\r\r`, [], 502],
  ['refuses a request', head('GET / HTTP/1.1', 'Host: a'), [], 502],
  ['refuses a blank in front of the first field', head(ok, ' A: b'), [], 400],
  ['refuses fields that a CR parts', head(ok, 'A: b\rC: d'), [], 400],
  ['refuses a fold', head(ok, 'A: b\r\n c'), [], 400],
  ['takes odd names', head(ok, 'X-$a_b: c', '.d: e', 'Pragma: ', 'Content-Length: 0'), ['1.1 200 OK keep'], 'idle'],
  ['awaits more of the code', 'HTTP/1.1 2', [], 'head'],
  ['awaits more of the reason', 'HTTP/1.1 200 O', [], 'head'],
]);

const chunked = 'Transfer-Encoding: chunked';

responseTable('bodies', [
  ['go by Content-Length', `${head(ok, 'Content-Length: 5')}hello`, ['1.1 200 OK keep <hello>'], 'idle'],
  [
    'go by chunks',
    `${head(ok, chunked)}5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n`,
    ['1.1 200 OK keep <hello> {A|b}'],
    'idle',
  ],
  ['may be empty', head(ok, 'Content-Length: 0'), ['1.1 200 OK keep'], 'idle'],
  ['go on to the close without either', `${head(ok)}hello`, ['1.1 200 OK <hello> …'], 'body'],
  [
    'go on to the close in spite of keep-alive',
    `${head('HTTP/1.0 200 OK', 'Connection: keep-alive')}HTTP/1.0 200 OK`,
    ['1.0 200 OK <HTTP/1.0 200 OK> …'],
    'body',
  ],
  [
    'go on to the close in spite of Upgrade',
    `${head(ok, 'Connection: upgrade', 'Upgrade: a')}hi`,
    ['1.1 200 OK upgrade <hi> …'],
    'body',
  ],
  [
    'go by Content-Length in spite of Upgrade',
    `${head(ok, 'Connection: upgrade', 'Upgrade: a', 'Content-Length: 2')}hi`,
    ['1.1 200 OK keep upgrade <hi>'],
    'idle',
  ],
  [
    'keep HTTP/1.0 by keep-alive and a length',
    head('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 0'),
    ['1.0 200 OK keep'],
    'idle',
  ],
  ['end a connection by close', head(ok, 'Connection: close', 'Content-Length: 0'), ['1.1 200 OK'], 'idle'],
  [
    'do not look at Proxy-Connection',
    head(ok, 'Proxy-Connection: close', 'Content-Length: 0'),
    ['1.1 200 OK keep'],
    'idle',
  ],
  [
    'do not look at Content-Length-X',
    `${head(ok, 'Content-Length-X: 0', chunked)}2\r\nOK\r\n0\r\n\r\n`,
    ['1.1 200 OK keep <OK>'],
    'idle',
  ],
  ['refuse a Content-Length beside chunked', head(ok, chunked, 'Content-Length: 0'), [], 400],
  ['refuse two Content-Lengths', head(ok, 'Content-Length: 0', 'Content-Length: 0'), [], 400],
  ['refuse tabs around a Content-Length', head(ok, 'Content-Length:\t42\t'), [], 400],
  ['refuse an empty Transfer-Encoding', head(ok, 'Transfer-Encoding:', 'Content-Length: 5'), [], 400],
  ['refuse chunked that is not last', head(ok, 'Transfer-Encoding: chunked, gzip'), [], 400],
  ['refuse chunked and another in two lines', head(ok, chunked, 'Transfer-Encoding: identity'), [], 400],
  ['refuse chunkedchunked', head(ok, 'Transfer-Encoding: chunkedchunked'), [], 400],
  ['refuse another coding', head(ok, 'Transfer-Encoding: gzip, chunked'), [], 501],
  ['refuse chunks in HTTP/1.0', head('HTTP/1.0 200 OK', chunked), [], 502],
  ['refuse spaces behind a chunk size', `${head(ok, chunked)}2  \r\nOK\r\n`, ['1.1 200 OK keep …'], 400],
]);

const next = empty('HTTP/1.1 200 OK');

responseTable('responses without content', [
  ['204', head('HTTP/1.1 204 No Content') + next, ['1.1 204 No Content keep', '1.1 200 OK keep'], 'idle'],
  [
    '204 with a length of 0',
    head('HTTP/1.1 204 ', 'Content-Length: 0') + next,
    ['1.1 204  keep', '1.1 200 OK keep'],
    'idle',
  ],
  [
    '204 in HTTP/1.0',
    head('HTTP/1.0 204 ', 'Connection: keep-alive') + next,
    ['1.0 204  keep', '1.1 200 OK keep'],
    'idle',
  ],
  [
    '304 with the length of what it stands for',
    head('HTTP/1.1 304 ', 'Content-Length: 9') + next,
    ['1.1 304  keep', '1.1 200 OK keep'],
    'idle',
  ],
  ['304 with chunked', head('HTTP/1.1 304 ', chunked) + next, ['1.1 304  keep', '1.1 200 OK keep'], 'idle'],
  [
    '100 and 103 in front of the answer',
    head('HTTP/1.1 100 Continue') + head('HTTP/1.1 103 ', 'Link: a') + next,
    ['1.1 100 Continue keep', '1.1 103  keep', '1.1 200 OK keep'],
    'idle',
  ],
  ['a 204 with a length is refused', head('HTTP/1.1 204 ', 'Content-Length: 3'), [], 502],
  ['a 204 with chunks is refused', head('HTTP/1.1 204 ', chunked), [], 502],
  ['a 100 with a length is refused', head('HTTP/1.1 100 ', 'Content-Length: 3'), [], 502],
  ['101', head('HTTP/1.1 101 ', 'Connection: upgrade', 'Upgrade: a'), ['1.1 101  keep upgrade'], 'idle'],
  [
    'a 101 with a body is refused',
    head('HTTP/1.1 101 ', 'Connection: upgrade', 'Upgrade: a', 'Content-Length: 4'),
    [],
    502,
  ],
  ['a 101 with chunks is refused', head('HTTP/1.1 101 ', 'Connection: upgrade', 'Upgrade: a', chunked), [], 502],
  ['a 101 without Upgrade is refused', head('HTTP/1.1 101 ', 'Connection: upgrade'), [], 502],
  ['a 100 that says that it is the last is refused', head('HTTP/1.1 100 ', 'Connection: close'), [], 502],
  ['a 100 of HTTP/1.0 is the last, and refused', head('HTTP/1.0 100 '), [], 502],
  ['a 101 of HTTP/1.0 is refused', head('HTTP/1.0 101 ', 'Connection: upgrade', 'Upgrade: a'), [], 502],
]);

const untouched: readonly Case[] = [
  ['a length', head(ok, 'Content-Length: 123') + next, ['1.1 200 OK keep', '1.1 200 OK keep'], 'idle'],
  ['chunks', head(ok, chunked) + next, ['1.1 200 OK keep', '1.1 200 OK keep'], 'idle'],
  ['nothing', head(ok) + next, ['1.1 200 OK keep', '1.1 200 OK keep'], 'idle'],
];
responseTable('answers to HEAD have no content, whatever they say', untouched, 'HEAD');
responseTable('a 200 to CONNECT has no content, whatever it says', untouched, 'CONNECT');
responseTable(
  'an error to CONNECT has content',
  [['by its length', `${head('HTTP/1.1 502 ', 'Content-Length: 2')}no`, ['1.1 502  keep <no>'], 'idle']],
  'CONNECT',
);

responseTable(
  'the close',
  [
    ['ends content without a length', `${head(ok)}hello`, ['1.1 200 OK <hello>'], 'idle'],
    ['ends content that has not come', head(ok), ['1.1 200 OK'], 'idle'],
    ['leaves complete responses as they are', next, ['1.1 200 OK keep'], 'idle'],
    ['cuts content with a length', `${head(ok, 'Content-Length: 6')}hello`, ['1.1 200 OK keep <hello> …'], 'body'],
    ['cuts chunks', `${head(ok, chunked)}0\r\n`, ['1.1 200 OK keep …'], 'body'],
    ['cuts a head', 'HTTP/1.1 200', [], 'head'],
  ],
  'GET',
  true,
);

responseTable('several responses', [
  [
    'follow each other',
    `${head(ok, 'Content-Length: 3')}AAA${head('HTTP/1.1 201 ', 'Content-Length: 1')}B`,
    ['1.1 200 OK keep <AAA>', '1.1 201  keep <B>'],
    'idle',
  ],
  ['have nothing between them', `${head(ok, 'Content-Length: 3')}AAA\r\n${next}`, ['1.1 200 OK keep <AAA>'], 502],
]);
