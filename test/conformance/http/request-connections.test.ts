import { type Case, head, requestTable } from './table.ts';

const of = (version: string, ...lines: readonly string[]) => head(`GET / HTTP/${version}`, 'Host: a', ...lines);
const http11 = (title: string, facts: string, ...lines: readonly string[]): Case => [
  title,
  of('1.1', ...lines),
  [`GET / 1.1 a${facts}`],
  'idle',
];
const http10 = (title: string, facts: string, ...lines: readonly string[]): Case => [
  title,
  of('1.0', ...lines),
  [`GET / 1.0 a${facts}`],
  'idle',
];

requestTable('whether a connection is kept', [
  http11('HTTP/1.1 keeps it', ' keep'),
  http10('HTTP/1.0 does not', ''),
  http11('close ends it', '', 'Connection: close'),
  http11('close in any letters ends it', '', 'CONNECTION: Close'),
  http11('close in a list ends it', '', 'Connection: a, ,close ,b'),
  http11('close in a second line ends it', '', 'Connection: a', 'Connection: close'),
  http11('close wins over keep-alive', '', 'Connection: close, keep-alive'),
  http11('a name that begins like close does not', ' keep', 'Connection: closed'),
  http11('close with a parameter is not close', ' keep', 'Connection: close;a'),
  http11('two words are not close', ' keep', 'Connection: close close'),
  http11('keep-alive changes nothing', ' keep', 'Connection: keep-alive'),
  http11('an empty list changes nothing', ' keep', 'Connection:'),
  http11('Proxy-Connection says nothing', ' keep', 'Proxy-Connection: close'),
  http10('keep-alive keeps HTTP/1.0', ' keep', 'Connection: keep-alive'),
  http10('keep-alive among others keeps HTTP/1.0', ' keep', 'Connection: a,Keep-Alive\t'),
  http10('close wins in HTTP/1.0', '', 'Connection: keep-alive', 'Connection: close'),
]);

requestTable('Upgrade', [
  http11('is asked for by Connection and Upgrade', ' keep upgrade', 'Connection: Upgrade', 'Upgrade: websocket'),
  http11('may stand in a list, in any order', ' keep upgrade', 'upgrade: a/1, b', 'connection: keep-alive, UPGRADE'),
  http11('is not asked for by Connection alone', ' keep', 'Connection: upgrade'),
  http11('is not asked for by Upgrade alone', ' keep', 'Upgrade: websocket'),
  http11('is not asked for by an empty Upgrade', ' keep', 'Connection: upgrade', 'Upgrade: '),
  http11('may be asked for with close', ' upgrade', 'Connection: upgrade, close', 'Upgrade: a'),
  http10('is nothing that HTTP/1.0 has', '', 'Connection: upgrade', 'Upgrade: a'),
  [
    'leaves the body to be read',
    `${head('POST / HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: h2c', 'Content-Length: 2')}hi`,
    ['POST / 1.1 a keep upgrade <hi>'],
    'idle',
  ],
]);

requestTable('Expect', [
  http11('100-continue is known', ' keep continue', 'Expect: 100-continue'),
  http11('100-continue is known in any letters', ' keep continue', 'EXPECT: 100-Continue '),
  http11('anything else cannot be met', ' keep expect', 'Expect: 200-ok'),
  http11('a list cannot be met', ' keep expect', 'Expect: 100-continue, a'),
  http11('a second one cannot be met', ' keep expect', 'Expect: 100-continue', 'Expect: 100-continue'),
  http10('is ignored in HTTP/1.0', '', 'Expect: 100-continue', 'Expect: a'),
]);

requestTable('CONNECT', [
  ['has no body', head('CONNECT b:1 HTTP/1.1', 'Host: b:1'), ['CONNECT b:1 1.1 b:1 keep'], 'idle'],
  ['needs no Host in HTTP/1.0', head('CONNECT b:1 HTTP/1.0'), ['CONNECT b:1 1.0 '], 'idle'],
  ['refuses a Content-Length', head('CONNECT b:1 HTTP/1.1', 'Host: b', 'Content-Length: 0'), [], 400],
  ['refuses a Transfer-Encoding', head('CONNECT b:1 HTTP/1.1', 'Host: b', 'Transfer-Encoding: chunked'), [], 400],
]);

const get = (target: string) => head(`GET ${target} HTTP/1.1`, 'Host: a');
const got = (target: string) => `GET ${target} 1.1 a keep`;
const post = (body: string, field = `Content-Length: ${body.length}`) =>
  head('POST / HTTP/1.1', 'Host: a', field) + body;

requestTable('pipelining', [
  ['takes many', get('/1') + get('/2') + get('/3'), [got('/1'), got('/2'), got('/3')], 'idle'],
  [
    'takes bodies between',
    post('one') + get('/2') + post('three'),
    ['POST / 1.1 a keep <one>', got('/2'), 'POST / 1.1 a keep <three>'],
    'idle',
  ],
  [
    'takes chunks between',
    post('1\r\nx\r\n0\r\n\r\n', 'Transfer-Encoding: chunked') + get('/2'),
    ['POST / 1.1 a keep <x>', got('/2')],
    'idle',
  ],
  ['tells those in front of what is refused', `${get('/1')}${get('/2')}nonsense\x00`, [got('/1'), got('/2')], 400],
  [
    'forgets what the one in front said',
    of('1.1', 'Connection: close') + get('/2'),
    ['GET / 1.1 a', got('/2')],
    'idle',
  ],
  ['awaits the rest of the last one', get('/1') + get('/2').slice(0, -1), [got('/1')], 'head'],
]);
