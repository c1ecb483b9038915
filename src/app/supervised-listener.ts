import { createServer, type Server, type Socket } from 'node:net';
import type { Listener } from '../net/tcp/index.ts';
import { telemetryOf } from '../observe/index.ts';
import type { FromSupervisor, SupervisorChannel } from './supervisor-channel.ts';

export interface SupervisedListenerOptions {
  readonly channel: SupervisorChannel;
  /** Which of the supervisor's ports: `http`. */
  readonly name: string;
  /** Whose connections, in a process that runs several services. Default: the only one's. */
  readonly service?: string;
  /** Where the supervisor listens: what clients use. */
  readonly port: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

/**
 * The port that the supervisor holds, so that a restart of this process closes no port. The process has inherited the
 * socket, and accepts on it from when the supervisor says so until it says otherwise or `stop`: what it has not accepted
 * then is another process's. Starts once.
 */
export function supervisedListener(options: SupervisedListenerOptions): Listener {
  const { channel, name, service, port, host = '127.0.0.1' } = options;
  let server: Server | undefined;
  let leave = () => {};
  const close = () => {
    leave();
    // Only this process's descriptor: the queue stays with the supervisor.
    server?.close();
  };
  return {
    async start(ctx, onConnection) {
      ctx.throwIfDone();
      const { log } = telemetryOf(ctx);
      const warn = (error: Error) => log.warn(ctx, 'a connection could not be accepted', { error });
      leave = channel.onMessage((message) => {
        if (!concerns(message, name, service)) return;
        if (message.type === 'accept') server ??= acceptOn(message.descriptor, onConnection, warn);
        else close();
      });
      await channel.send({ type: 'listen', name, ...(service !== undefined && { service }) });
      return { host, port };
    },
    async stop() {
      close();
    },
  };
}

type PortMessage = Extract<FromSupervisor, { readonly name: string }>;

function concerns(message: FromSupervisor, name: string, service: string | undefined): message is PortMessage {
  if (message.type === 'drain' || message.name !== name) return false;
  return service === undefined || message.service === service;
}

const backlog = 4096;

/** A descriptor that cannot be listened on ends the process: it would serve nobody. */
function acceptOn(fd: number, onConnection: (socket: Socket) => void, warn: (error: Error) => void): Server {
  const server = createServer({ noDelay: true, keepAlive: true }, onConnection);
  // Later errors are failed accepts (no file descriptors left): the listener goes on, and so must the process.
  server.once('listening', () => server.on('error', warn));
  return server.listen({ fd }, backlog);
}
