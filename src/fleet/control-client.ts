import { connect, type Socket } from 'node:net';
import { StatusError } from '../errors/index.ts';
import {
  type ControlReply,
  type ControlRequest,
  controlSocketPath,
  type FleetCard,
  readReply,
} from './control-protocol.ts';
import { eachLine } from './lines.ts';

/** A fleet that runs says at once what it is. */
const answerMs = 5_000;

/** A conversation with a fleet that runs. */
export interface Conversation {
  /** Resolves when the fleet, or `close`, has ended it. */
  readonly ended: Promise<void>;
  close(): void;
}

/**
 * Sends a request to the fleet of this data directory; `onReply` gets each answer. Resolves when it is connected. Throws
 * `failed_precondition`, reason `NO_FLEET`, where none runs.
 */
export async function converse(
  dataDir: string,
  request: ControlRequest,
  onReply: (reply: ControlReply) => void,
): Promise<Conversation> {
  const socket = await open(dataDir);
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  eachLine(socket, (line) => {
    const reply = readReply(line);
    if (reply !== undefined) onReply(reply);
  });
  socket.write(`${JSON.stringify(request)}\n`);
  return { ended, close: () => socket.destroy() };
}

/** The fleet that runs with this data directory, and a conversation that ends when it does. Throws as {@link converse}. */
export async function findFleet(dataDir: string): Promise<Conversation & { readonly fleet: FleetCard }> {
  const found = Promise.withResolvers<FleetCard>();
  const conversation = await converse(dataDir, { command: 'describe' }, (reply) => {
    if (reply.type === 'fleet') found.resolve(reply.fleet);
    if (reply.type === 'error') found.reject(errorOf(reply));
  });
  void conversation.ended.then(() => found.reject(noFleet(dataDir)));
  const timer = setTimeout(() => found.reject(silent(dataDir)), answerMs);
  try {
    return { ...conversation, fleet: await found.promise };
  } catch (error) {
    conversation.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What the fleet answered with as the error that it was there. */
export function errorOf({ reason, message }: ControlReply & { readonly type: 'error' }): StatusError {
  return new StatusError('failed_precondition', message, { reason });
}

async function open(dataDir: string): Promise<Socket> {
  const socket = connect(controlSocketPath(dataDir));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  } catch (error) {
    throw noFleet(dataDir, error as NodeJS.ErrnoException);
  }
  socket.on('error', () => {});
  return socket;
}

function silent(dataDir: string): StatusError {
  return new StatusError(
    'unavailable',
    `the fleet in ${dataDir} has not answered within ${answerMs / 1000} s: its supervisor is stopped or very busy`,
    { reason: 'FLEET_SILENT' },
  );
}

function noFleet(dataDir: string, cause?: NodeJS.ErrnoException): StatusError {
  if (cause?.code === 'EACCES' || cause?.code === 'EPERM') {
    return new StatusError('permission_denied', `the fleet in ${dataDir} is another user's`, {
      reason: 'FOREIGN_FLEET',
      cause,
    });
  }
  return new StatusError(
    'failed_precondition',
    `no fleet runs in ${dataDir}: start one with flotilla up, or say where it keeps its data with --data-dir`,
    { reason: 'NO_FLEET', cause },
  );
}
