import { codes, MuxViolation } from './protocol.ts';

/** What a frame with a message costs of the windows at least: messages without bytes fill memory, too. */
export const minCost = 64;
export const maxWindow = 0x7fffffff;

/** What a frame with so many bytes of a message costs of the windows of its stream and its connection. */
export function costOf(size: number): number {
  return size < minCost ? minCost : size;
}

/** Bytes that a stream may hold of what is unread, at first. */
export const firstWindow = 64 * 1024;
/**
 * A stream alone may fill a link of 80 MB/s and 50 ms; and four of them of a connection, whose own window is larger by that, so that
 * they cannot hold up the others when their readers stop.
 */
export const growthLimits = { maxStreamWindow: 4 << 20, maxGrowth: 16 << 20 };

/** The window of a connection on which so many streams may run: none of them can fill it, whoever reads or not. */
export function connectionWindow(streams: number): number {
  return Math.min(maxWindow, (streams + 2) * firstWindow + growthLimits.maxGrowth);
}

export function overrun(what: string): MuxViolation {
  return new MuxViolation(codes.flowControl, `${what} is overrun`);
}

/** Answers to pings and the like that may wait for a peer that does not read. */
export const maxWaitingControls = 10_000;

/** What may wait for a peer that does not read, of that which no window holds back: errors. */
export const maxUnsentBytes = 4 << 20;

export function unread(): MuxViolation {
  return new MuxViolation(codes.flood, 'the peer does not read what it asks for');
}
