import { codes, MuxViolation, maxPayloadBytes, version } from './protocol.ts';
import { maxWindow, minCost } from './windows.ts';

/** What one side tells the other about itself, once, in its first frame. */
export interface MuxSettings {
  /** The versions that it speaks: a server answers with the one that it has chosen, twice. */
  readonly lowestVersion: number;
  readonly highestVersion: number;
  /** Streams that may be open at a time; of a client without meaning. */
  readonly maxStreams: number;
  /** Bytes of messages that it takes before it has read any: per stream and on the connection. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  readonly maxMessageBytes: number;
  readonly maxHeadBytes: number;
  /** Whether it reads messages that are compressed with gzip. */
  readonly gzip: boolean;
  /** Whether it reads METADATA frames. */
  readonly metadata: boolean;
}

const ids = [
  'lowestVersion',
  'highestVersion',
  'maxStreams',
  'streamWindow',
  'connectionWindow',
  'maxMessageBytes',
  'maxHeadBytes',
  'gzip',
  'metadata',
] as const;
const entryBytes = 6;

/** Of a u16 and a u32 per setting. */
export function encodeSettings(settings: MuxSettings): Uint8Array {
  const bytes = Buffer.alloc(ids.length * entryBytes);
  for (const [index, id] of ids.entries()) {
    bytes.writeUInt16BE(index + 1, index * entryBytes);
    bytes.writeUInt32BE(Number(settings[id]), index * entryBytes + 2);
  }
  return bytes;
}

/** Settings that are unknown say nothing to this version. Throws a MuxViolation for what makes no sense. */
export function decodeSettings(payload: Uint8Array): MuxSettings {
  if (payload.length % entryBytes !== 0) throw new MuxViolation(codes.protocol, 'settings that are cut off');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const said: Record<(typeof ids)[number], number> = { ...initial };
  for (let at = 0; at < payload.length; at += entryBytes) {
    const id = ids[view.getUint16(at) - 1];
    if (id !== undefined) said[id] = view.getUint32(at + 2);
  }
  if (said.streamWindow > maxWindow || said.connectionWindow > maxWindow)
    throw new MuxViolation(codes.flowControl, 'a window of more than 2^31 - 1 bytes');
  if (said.streamWindow < minCost || said.connectionWindow < minCost)
    throw new MuxViolation(codes.flowControl, `a window of less than ${minCost} bytes`);
  if (said.lowestVersion > said.highestVersion || said.lowestVersion === 0)
    throw new MuxViolation(codes.protocol, `versions ${said.lowestVersion} to ${said.highestVersion}`);
  return { ...said, gzip: said.gzip === 1, metadata: said.metadata === 1 };
}

/** What holds where a side says nothing. */
const initial = {
  lowestVersion: version,
  highestVersion: version,
  maxStreams: 100,
  streamWindow: maxPayloadBytes,
  connectionWindow: 1 << 20,
  maxMessageBytes: 4 << 20,
  maxHeadBytes: 16 << 10,
  gzip: 0,
  metadata: 0,
};
