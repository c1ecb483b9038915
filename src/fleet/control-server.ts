import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { background, type Context } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import {
  type ControlReply,
  type ControlRequest,
  controlSocketPath,
  type FleetCard,
  type RestartResult,
  readRequest,
} from './control-protocol.ts';
import { eachLine } from './lines.ts';
import type { RestartStep } from './rolling-restart.ts';

/** What a fleet does on command. Errors are told to who commands. */
export interface Commands {
  describe(): FleetCard;
  /** `ctx` ends when nobody waits for it any more. */
  restart(
    ctx: Context,
    request: ControlRequest & { readonly command: 'restart' },
    tell: (step: RestartStep) => void,
  ): Promise<RestartResult>;
}

export interface ControlServer {
  /** Ends all conversations. A second time does nothing. */
  close(): void;
}

const maxConversations = 32;

/**
 * Takes commands at the socket of this data directory, which whoever calls this has locked. Only this user may connect.
 * Throws what keeps the socket from being made.
 */
export async function listenForCommands(dataDir: string, commands: Commands): Promise<ControlServer> {
  const path = controlSocketPath(dataDir);
  // One that was killed left it behind.
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    converse(socket, commands);
  });
  server.maxConnections = maxConversations;
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  // Bound within `listen`: there is no moment in which another user could connect.
  const mask = process.umask(0o177);
  try {
    server.listen(path, listening.resolve);
  } finally {
    process.umask(mask);
  }
  await listening.promise;
  chmodSync(path, 0o600);
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

/** One request; what else comes is ignored. */
function converse(socket: Socket, commands: Commands): void {
  const ctx = background().withCancel();
  socket.once('close', () => ctx.cancel(new Error('nobody waits for it any more')));
  const send = (reply: ControlReply) => {
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
  };
  let isAsked = false;
  eachLine(socket, (line) => {
    if (isAsked) return;
    isAsked = true;
    void answer(ctx, line, commands, send).then((isOver) => {
      if (isOver) socket.end();
    });
  });
}

async function answer(
  ctx: Context,
  line: string,
  commands: Commands,
  send: (reply: ControlReply) => void,
): Promise<boolean> {
  const request = readRequest(line);
  try {
    switch (request?.command) {
      case 'describe':
        send({ type: 'fleet', fleet: commands.describe() });
        return false;
      case 'restart':
        send({
          type: 'restarted',
          result: await commands.restart(ctx, request, (step) => send({ type: 'step', step })),
        });
        return true;
      default:
        send({
          type: 'error',
          reason: 'UNKNOWN_COMMAND',
          message: 'the fleet does not know this command; is it of another version?',
        });
    }
  } catch (error) {
    const { reason, message } = errors.from(error);
    send({ type: 'error', reason, message });
  }
  return true;
}
