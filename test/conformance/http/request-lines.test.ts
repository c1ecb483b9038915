import { type Case, head, limits, requestTable } from './table.ts';

const host = 'Host: a.example';
/** The request with this line and a Host. */
const line = (text: string) => head(text, host);
const ok = (method: string, target: string) => [`${method} ${target} 1.1 a.example keep`];

requestTable('methods', [
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'].map(
    (method): Case => [`takes ${method}`, line(`${method} /x HTTP/1.1`), ok(method, '/x'), 'idle'],
  ),
  ...['REPORT', 'PURGE', 'SEARCH', 'LINK', 'UNLINK', 'M-SEARCH', 'PROPFIND', 'SOURCE', 'QUERY'].map(
    (method): Case => [
      `takes ${method}, which is an extension`,
      line(`${method} /x HTTP/1.1`),
      ok(method, '/x'),
      'idle',
    ],
  ),
  [
    'takes any token: a method is not known by the parser',
    line("x!#$%&'*+-.^_`|~9 / HTTP/1.1"),
    ok("x!#$%&'*+-.^_`|~9", '/'),
    'idle',
  ],
  ['tells methods apart by case', line('get / HTTP/1.1'), ok('get', '/'), 'idle'],
  ['tells a longer name from a known method', line('GETS / HTTP/1.1'), ok('GETS', '/'), 'idle'],
  ['tells a shorter name from a known method', line('PU / HTTP/1.1'), ok('PU', '/'), 'idle'],
  ['takes a method of 32 bytes', line(`${'M'.repeat(32)} / HTTP/1.1`), ok('M'.repeat(32), '/'), 'idle'],
  ['refuses a longer method before the line is complete', 'M'.repeat(33), [], 501],
  ['refuses a line without a method', line(' / HTTP/1.1'), [], 400],
  ['refuses a method with a character that no token has', line('GE(T / HTTP/1.1'), [], 400],
  ['refuses a method with a control character', line('GE\x00T / HTTP/1.1'), [], 400],
  ['refuses a method with an 8-bit character', line('GE\xc9T / HTTP/1.1'), [], 400],
  ['refuses a tab behind the method', line('GET\t/ HTTP/1.1'), [], 400],
  ['refuses two spaces behind the method', line('GET  / HTTP/1.1'), [], 400],
  ['refuses a method alone', 'GET\r\n\r\n', [], 400],
  ['awaits more of a method', 'GE', [], 'head'],
]);

requestTable('targets in origin-form', [
  ['takes a path with a query', line('GET /a/b?c=d&e HTTP/1.1'), ok('GET', '/a/b?c=d&e'), 'idle'],
  ['takes a second question mark', line('GET /a?b?c HTTP/1.1'), ok('GET', '/a?b?c'), 'idle'],
  ['takes a path that begins with two slashes', line('GET //a.example/b HTTP/1.1'), ok('GET', '//a.example/b'), 'idle'],
  ['takes percent-encoding as it is', line('GET /%41%zz HTTP/1.1'), ok('GET', '/%41%zz'), 'idle'],
  [
    'takes visible characters that browsers forget to encode',
    line('GET /"<>\\^`{|} HTTP/1.1'),
    ok('GET', '/"<>\\^`{|}'),
    'idle',
  ],
  ['refuses an empty target', line('GET HTTP/1.1'), [], 400],
  ['refuses a space in the target', line('GET /a b HTTP/1.1'), [], 400],
  ['refuses a tab in the target', line('GET /a\tb HTTP/1.1'), [], 400],
  ['refuses a fragment, at the first character of it', 'GET /a#', [], 400],
  ['refuses UTF-8', line('GET /caf\xc3\xa9 HTTP/1.1'), [], 400],
  ['refuses NUL', line('GET /a\x00b HTTP/1.1'), [], 400],
  ['refuses DEL', line('GET /a\x7fb HTTP/1.1'), [], 400],
  ['refuses CR', line('GET /a\rb HTTP/1.1'), [], 400],
  [
    'takes a target of the greatest length',
    line(`GET /${'a'.repeat(199)} HTTP/1.1`),
    ok('GET', `/${'a'.repeat(199)}`),
    'idle',
  ],
  ['refuses a longer target before it is complete', `GET /${'a'.repeat(200)}`, [], 414],
]);

requestTable('targets in other forms', [
  [
    'takes the absolute-form with the authority of Host',
    line('GET http://a.example/b?c HTTP/1.1'),
    ok('GET', 'http://a.example/b?c'),
    'idle',
  ],
  [
    'takes an absolute-form without a path',
    line('GET http://a.example HTTP/1.1'),
    ok('GET', 'http://a.example'),
    'idle',
  ],
  [
    'takes an absolute-form whose authority a query ends',
    line('GET http://a.example?b HTTP/1.1'),
    ok('GET', 'http://a.example?b'),
    'idle',
  ],
  [
    'takes an absolute-form in other letters',
    line('GET HTTPS://A.example/ HTTP/1.1'),
    ok('GET', 'HTTPS://A.example/'),
    'idle',
  ],
  [
    'takes an absolute-form with a port',
    head('GET http://a.example:81/ HTTP/1.1', 'Host: a.example:81'),
    ['GET http://a.example:81/ 1.1 a.example:81 keep'],
    'idle',
  ],
  [
    'takes an absolute-form without Host in HTTP/1.0',
    head('GET http://a.example/ HTTP/1.0'),
    ['GET http://a.example/ 1.0 '],
    'idle',
  ],
  ['refuses an absolute-form for another host than Host', line('GET http://b.example/ HTTP/1.1'), [], 400],
  ['refuses an absolute-form with another port than Host', line('GET http://a.example:8080/ HTTP/1.1'), [], 400],
  ['refuses an absolute-form with a user and password', line('GET http://u:p@a.example/ HTTP/1.1'), [], 400],
  ['refuses an absolute-form without an authority', line('GET http:///a HTTP/1.1'), [], 400],
  ['refuses an absolute-form with another scheme', line('GET ftp://a.example/ HTTP/1.1'), [], 400],
  ['refuses a relative target', line('GET a/b HTTP/1.1'), [], 400],
  ['takes * for OPTIONS', line('OPTIONS * HTTP/1.1'), ok('OPTIONS', '*'), 'idle'],
  ['refuses * for other methods', line('GET * HTTP/1.1'), [], 400],
  ['refuses * for the search of UPnP, which is not HTTP over TCP', line('M-SEARCH * HTTP/1.1'), [], 400],
  ['refuses more than *', line('OPTIONS *a HTTP/1.1'), [], 400],
  [
    'takes the authority-form for CONNECT',
    line('CONNECT b.example:443 HTTP/1.1'),
    ok('CONNECT', 'b.example:443'),
    'idle',
  ],
  [
    'takes an underscore in the authority',
    line('CONNECT b_1.example:443 HTTP/1.1'),
    ok('CONNECT', 'b_1.example:443'),
    'idle',
  ],
  ['takes an IPv6 address for CONNECT', line('CONNECT [::1]:443 HTTP/1.1'), ok('CONNECT', '[::1]:443'), 'idle'],
  ['refuses CONNECT without a port', line('CONNECT b.example HTTP/1.1'), [], 400],
  ['refuses CONNECT with a path', line('CONNECT /a HTTP/1.1'), [], 400],
  ['refuses the authority-form for other methods', line('GET b.example:443 HTTP/1.1'), [], 400],
]);

requestTable('versions', [
  ['takes HTTP/1.0', head('GET / HTTP/1.0', host), ['GET / 1.0 a.example'], 'idle'],
  ['refuses HTTP/0.9 without a version', 'GET /\r\n', [], 400],
  ['refuses HTTP/0.9 with one', line('GET / HTTP/0.9'), [], 505],
  ['refuses HTTP/1.2', line('GET / HTTP/1.2'), [], 505],
  ['refuses HTTP/2.0', line('GET / HTTP/2.0'), [], 505],
  ['refuses the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [], 505],
  ['refuses HTTP/5.6 at its first digit', 'GET / HTTP/5', [], 505],
  ['refuses another protocol', line('GET / ICE/1.0'), [], 400],
  ['refuses another protocol that begins alike', line('GET / HTTPS/1.1'), [], 400],
  ['refuses a name in front of the protocol', line('GET / XHTTP/1.1'), [], 400],
  ['refuses the protocol in small letters', line('GET / http/1.1'), [], 400],
  ['refuses two digits of a major version', line('GET / HTTP/11.1'), [], 400],
  ['refuses a leading zero', line('GET / HTTP/01.1'), [], 505],
  ['refuses two digits of a minor version', line('GET / HTTP/1.10'), [], 400],
  ['refuses a version without a minor one', line('GET / HTTP/1'), [], 400],
  ['refuses a space behind the version', line('GET / HTTP/1.1 '), [], 400],
  ['refuses two spaces in front of the version', line('GET /  HTTP/1.1'), [], 400],
  ['refuses LF alone behind the version', 'GET / HTTP/1.1\nHost: a\n\n', [], 400],
  ['refuses CR alone behind the version', 'GET / HTTP/1.1\rHost: a\r\r', [], 400],
  ['awaits more of the version', 'GET / HTTP/1.', [], 'head'],
  ['awaits the LF', 'GET / HTTP/1.1\r', [], 'head'],
]);

requestTable('in front of a request', [
  ['skips one empty line', `\r\n${line('GET / HTTP/1.1')}`, ok('GET', '/'), 'idle'],
  ['is idle after an empty line', '\r\n', [], 'idle'],
  [
    'skips one empty line between requests',
    `${line('GET /a HTTP/1.1')}\r\n${line('GET /b HTTP/1.1')}`,
    [...ok('GET', '/a'), ...ok('GET', '/b')],
    'idle',
  ],
  ['refuses a second empty line', `\r\n\r\n${line('GET / HTTP/1.1')}`, [], 400],
  ['refuses a CR without LF', `\r${line('GET / HTTP/1.1')}`, [], 400],
  ['refuses an LF alone', `\n${line('GET / HTTP/1.1')}`, [], 400],
  ['refuses a space', ` ${line('GET / HTTP/1.1')}`, [], 400],
  ['refuses the first byte of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [], 400],
  ['refuses a byte order mark', `\xef\xbb\xbf${line('GET / HTTP/1.1')}`, [], 400],
  ['refuses a response', head('HTTP/1.1 200 OK'), [], 400],
]);

const small = { ...limits, maxHeaderBytes: 34, maxTargetBytes: 34 };

requestTable(
  'the size of a head',
  [
    [
      'takes one of the greatest size',
      head('GET / HTTP/1.1', 'Host: a.example'.slice(0, 14)),
      ['GET / 1.1 a.exampl keep'],
      'idle',
    ],
    ['refuses one that is larger by a byte', head('GET / HTTP/1.1', 'Host: a.example'), [], 431],
    ['refuses one that has not ended where it must have', 'GET / HTTP/1.1\r\nHost: a.example\r\n\r', [], 431],
    ['refuses one whose line alone is too long', `GET /${'a'.repeat(40)}`, [], 431],
    ['says what is wrong before it says that it is too long', `GET / HTTP/1.1\r\nHo st: a${'a'.repeat(40)}`, [], 400],
    [
      'says that it is too long before it says what is wrong behind that',
      `GET / HTTP/1.1\r\nHost: a${'a'.repeat(40)}\x00`,
      [],
      431,
    ],
  ],
  small,
);
