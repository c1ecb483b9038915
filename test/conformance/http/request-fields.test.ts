import { type Case, head, requestTable } from './table.ts';

const start = 'GET / HTTP/1.1';
const host = 'Host: a';
/** The request with these lines behind Host. */
const fields = (...lines: readonly string[]) => head(start, host, ...lines);
const ok = ['GET / 1.1 a keep'];
const takes = (title: string, ...lines: readonly string[]): Case => [title, fields(...lines), ok, 'idle'];
const refuses = (title: string, ...lines: readonly string[]): Case => [title, fields(...lines), [], 400];

requestTable('field names', [
  takes('takes every character of a token', "!#$%&'*+-.^_`|~09azAZ: x"),
  takes('takes an underscore', 'content_length: 5'),
  takes('takes one letter', 'a:b'),
  takes('takes names of objects', '__proto__: x', 'constructor: y'),
  refuses('refuses an empty name', ': x'),
  refuses('refuses a space in front of the colon', 'X-A : x'),
  refuses('refuses a tab in front of the colon', 'X-A\t: x'),
  refuses('refuses a line without a colon', 'X-A'),
  refuses('refuses a name with @', 'X@A: x'),
  refuses('refuses a name with a control character', 'X\x01A: x'),
  refuses('refuses a name with an 8-bit character', 'X\xe9: x'),
  refuses('refuses a name with a CR in it', 'X\rA: x'),
  refuses('refuses a name that a line break ends', 'X-A\r\n : x'),
  refuses('refuses a corrupted name', 'X-Some\r\x1beep: x'),
  ['refuses a blank in front of the first field', head(start, ' Host: a'), [], 400],
  ['refuses a tab in front of the first field', head(start, '\tHost: a'), [], 400],
]);

requestTable('field values', [
  takes('takes an empty value', 'X-A:', 'X-B: ', 'X-C:\t'),
  takes('takes blanks around and in a value', 'X-A: \t b \t c \t '),
  takes('takes no blank in front of a value', 'X-A:b'),
  takes('takes a colon', 'X-A: b:c'),
  takes('takes 8-bit characters', 'X-A: caf\xc3\xa9 \xff'),
  takes('takes a name that came before', 'X-A: b', 'x-a: c'),
  refuses('refuses a NUL', 'X-A: b\x00c'),
  refuses('refuses a form feed', 'X-A: b\x0cc'),
  refuses('refuses a vertical tab in front of a value', 'X-A:\x0bb'),
  refuses('refuses DEL', 'X-A: b\x7f'),
  refuses('refuses a CR that is no line end', 'X-A: b\rX-B: c'),
  refuses('refuses a CR in front of a value', 'X-A:\rX-B: c'),
  refuses('refuses two CRs', 'X-A: b\r'),
  refuses('refuses an LF as line end', 'X-A: b\nX-B: c'),
  refuses('refuses an LF behind the colon', 'X-A:\nX-B: c'),
  refuses('refuses a value that is folded by a space', 'X-A: b\r\n c'),
  refuses('refuses a value that is folded by a tab', 'X-A: b\r\n\tc'),
  refuses('refuses an empty value that is folded', 'X-A:\r\n b'),
  refuses('refuses a blank line of blanks', 'X-A: b\r\n '),
  ['refuses anything but LF behind the last CR', `${start}\r\n${host}\r\n\rZ`, [], 400],
  ['refuses LF alone as the last line', `${start}\r\n${host}\r\n\n`, [], 400],
  ['refuses LF as every line end', `${start}\n${host}\n\n`, [], 400],
  ['awaits more of a name', `${start}\r\n${host}\r\nX-`, [], 'head'],
  ['awaits more of a value', `${start}\r\n${host}\r\nX-A: b`, [], 'head'],
  ['awaits the LF of a line', `${start}\r\n${host}\r\n`.slice(0, -1), [], 'head'],
  ['awaits the LF of the last line', `${start}\r\n${host}\r\n\r`, [], 'head'],
]);

requestTable('the number of fields', [
  takes('takes as many as allowed', ...Array.from({ length: 9 }, (_, i) => `X-${i}: a`)),
  ['refuses one more at its colon', `${start}\r\n${host}\r\n${'X: a\r\n'.repeat(9)}X:`, [], 431],
  ['refuses a name that is none before it counts it', `${start}\r\n${host}\r\n${'X: a\r\n'.repeat(9)}X :`, [], 400],
]);

const hosts = (...values: readonly string[]) => head(start, ...values.map((value) => `Host:${value}`));

requestTable('Host', [
  ...[
    'a',
    'a.example',
    'a.example:8080',
    '127.0.0.1',
    '[::1]',
    '[::1]:80',
    'a_b',
    'xn--caf-dma.example',
    'a.example.',
  ].map((value): Case => [`takes ${value}`, hosts(` ${value}`), [`GET / 1.1 ${value} keep`], 'idle']),
  ['takes it in any letters and with blanks around', head(start, 'hOSt: \t a \t'), ok, 'idle'],
  ['refuses HTTP/1.1 without it', head(start), [], 400],
  ['takes HTTP/1.0 without it', head('GET / HTTP/1.0'), ['GET / 1.0 '], 'idle'],
  ['refuses two', hosts(' a', ' b'), [], 400],
  ['refuses two that are the same', hosts(' a', ' a'), [], 400],
  ['refuses an empty one', hosts(''), [], 400],
  ['refuses an empty one in HTTP/1.0', head('GET / HTTP/1.0', 'Host:'), [], 400],
  ...[
    'a b',
    'a,b',
    'a/b',
    'u@a',
    'a:',
    'a:b',
    'a:80:80',
    'a:123456',
    'a:99999',
    '[::1',
    '[::g]',
    '::1',
    'a#b',
    'a?b',
    'http://a',
    'a%zz',
    '999.1.1.1',
    '"a"',
    'a\xe9',
  ].map((value): Case => [`refuses ${value}`, hosts(` ${value}`), [], 400]),
]);
