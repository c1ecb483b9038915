import type { Socket } from 'node:net';
import type { Clock } from '../concurrency/index.ts';

/** RFC 9113, section 3.4: how every HTTP/2 connection starts. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** What the first bytes say. */
export type Sniffed = 'http2' | 'http1' | 'more';

/** Decides on the first bytes of a connection; 'more' while they could still become the HTTP/2 preface. */
export function sniff(bytes: Uint8Array): Sniffed {
  const length = Math.min(bytes.length, preface.length);
  if (!preface.subarray(0, length).equals(bytes.subarray(0, length))) return 'http1';
  return length === preface.length ? 'http2' : 'more';
}

/**
 * Waits for a connection's first bytes and hands it to who speaks its protocol, with the bytes back in its buffer. A
 * connection that stays silent for `timeoutMs`, or ends first, is closed.
 */
export function sniffConnection(
  socket: Socket,
  {
    clock,
    timeoutMs,
    onHttp1,
    onHttp2,
  }: {
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly onHttp1: (socket: Socket) => void;
    readonly onHttp2: (socket: Socket) => void;
  },
): void {
  let seen: Buffer = Buffer.alloc(0);
  const timer = clock.after(timeoutMs, () => socket.destroy());
  const leave = () => {
    timer.stop();
    socket.off('readable', read);
    socket.off('error', ignore);
    socket.off('close', leave);
  };
  const read = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const kind = sniff(seen);
    if (kind === 'more') return;
    leave();
    socket.unshift(seen);
    (kind === 'http2' ? onHttp2 : onHttp1)(socket);
  };
  const ignore = () => {};
  socket.on('readable', read);
  socket.on('error', ignore);
  socket.once('close', leave);
}
