import { connect } from 'node:net';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, zstdDecompress } from 'node:zlib';

export interface RawGot {
  readonly status: number;
  readonly headers: Headers;
  /** Without the framing, in the coding it came in. */
  readonly body: Buffer;
}

/** One request on a connection of its own, without any decoding that a client would do by itself. */
export function rawGet(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<RawGot> {
  const fields = Object.entries({ host: 'test', connection: 'close', ...headers });
  const head = `${method} ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(head));
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(parsed(Buffer.concat(chunks))));
  });
}

/** Undoes each coding. */
export const decoders = {
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
  gzip: promisify(gunzip),
};

function parsed(all: Buffer): RawGot {
  const end = all.indexOf('\r\n\r\n');
  const [status = '', ...lines] = all.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
  const rest = all.subarray(end + 4);
  const body = headers.get('transfer-encoding') === 'chunked' ? unchunked(rest) : rest;
  return { status: Number(status.split(' ')[1]), headers, body };
}

function unchunked(data: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const end = data.indexOf('\r\n', at);
    const size = Number.parseInt(data.subarray(at, end).toString(), 16);
    chunks.push(data.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
    if (size === 0) break;
  }
  return Buffer.concat(chunks);
}
