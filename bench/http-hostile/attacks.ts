import { type Deed, drip, pour, pourUnread } from './attackers.ts';

/** How hard an attack is. */
export interface Scale {
  /** Between two pieces of what comes slowly. */
  readonly dripMs: number;
}

export interface Attack {
  readonly connections: number;
  readonly perSecond: number;
  deed(scale: Scale): Deed;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: target\r\n\r\n`;
const post = (path: string, field: string) => `POST ${path} HTTP/1.1\r\nHost: target\r\n${field}\r\n\r\n`;
const chunked = 'Transfer-Encoding: chunked';

/**
 * What hostile clients do. The server under attack answers GET / briefly, GET /page with 64 KiB, reads what comes to POST
 * /read, and does not read what comes to POST /ignore, which takes it a second.
 */
export const attacks = {
  /** Connections that say nothing. */
  idle: { connections: 10_000, perSecond: 2_000, deed: () => (socket) => void socket.resume() },
  /** Slowloris: a header line now and then. */
  'slow-headers': {
    connections: 1_000,
    perSecond: 500,
    deed: ({ dripMs }) => drip('GET / HTTP/1.1\r\nHost: target\r\n', 'X-a: b\r\n', dripMs),
  },
  /** A body of which a byte comes now and then. */
  'slow-body': {
    connections: 1_000,
    perSecond: 500,
    deed: ({ dripMs }) => drip(post('/read', 'Content-Length: 100000'), 'x', dripMs),
  },
  /** Answers that are not taken. */
  'slow-read': { connections: 200, perSecond: 200, deed: () => pourUnread('', get('/page').repeat(50)) },
  /** Header lines without end. */
  'header-flood': { connections: 50, perSecond: 100, deed: () => pour(`GET / HTTP/1.1\r\nHost: target\r\n`, headers) },
  /** Chunks of one byte without end, which a handler reads. */
  'endless-chunks': { connections: 4, perSecond: 5, deed: () => pour(post('/read', chunked), tinyChunks) },
  /** The same where no handler reads them. */
  'unread-chunks': { connections: 50, perSecond: 50, deed: () => pour(post('/ignore', chunked), tinyChunks) },
  /** A chunk extension without end. */
  'chunk-extension': { connections: 50, perSecond: 100, deed: () => pour(post('/read', chunked), `5;a=${blob}`, 1000) },
  /** A body that no handler reads. */
  'unread-body': { connections: 50, perSecond: 50, deed: () => pour(post('/ignore', 'Content-Length: 900000'), blob) },
  /** A part of a request and a FIN, and the connection kept. */
  'half-open': {
    connections: 1_000,
    perSecond: 500,
    deed: () => (socket) => {
      socket.resume();
      socket.end('GET / HTTP/1.1\r\nHost: tar', 'latin1');
    },
  },
  /** A request and a reset. */
  'reset-storm': {
    connections: 1_000,
    perSecond: 500,
    deed: () => (socket) => void socket.write(get('/page'), 'latin1', () => socket.resetAndDestroy()),
  },
  /** Requests behind each other without end, and no answer is read. */
  'pipeline-flood': { connections: 50, perSecond: 50, deed: () => pourUnread('', get('/').repeat(200)) },
  /** A connection for each request. */
  churn: {
    connections: 100,
    perSecond: 500,
    deed: () => (socket) => {
      socket.write(get('/'), 'latin1');
      socket.once('data', () => socket.resetAndDestroy());
    },
  },
  /** What is no HTTP. */
  garbage: { connections: 100, perSecond: 300, deed: () => pour('\x16\x03\x01\x02\x00\x01', blob, 1) },
} as const satisfies Readonly<Record<string, Attack>>;

export type AttackName = keyof typeof attacks;

const blob = 'x'.repeat(4096);
const headers = 'X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(100);
const tinyChunks = '1\r\nx\r\n'.repeat(1000);
