import type { Socket } from 'node:net';
import type { Listener } from '../net/tcp/index.ts';
import type { SupervisorChannel } from './supervisor-channel.ts';

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
 * Connections that the supervisor accepted on its port and hands over, so that a restart of this process closes no port.
 * Each is acknowledged when the server has it; until then the supervisor keeps its copy. One that arrives after `stop` is
 * let go of unread and unacknowledged: the supervisor gives it to another replica. Starts once.
 */
export function supervisedListener(options: SupervisedListenerOptions): Listener {
  const { channel, name, service, port, host = '127.0.0.1' } = options;
  let accepting = false;
  return {
    async start(ctx, onConnection) {
      ctx.throwIfDone();
      accepting = true;
      // Never taken back: what arrives after `stop` must be let go of, or it would stay open for ever.
      channel.onMessage((message, socket) => {
        if (message.type !== 'connection' || message.name !== name) return;
        if (service !== undefined && message.service !== service) return;
        if (accepting) accept(channel, message.id, socket, onConnection);
        else release(socket);
      });
      await channel.send({ type: 'listen', name, ...(service !== undefined && { service }) });
      return { host, port };
    },
    async stop() {
      accepting = false;
    },
  };
}

function accept(
  channel: SupervisorChannel,
  id: number,
  socket: Socket | undefined,
  onConnection: (socket: Socket) => void,
): void {
  void channel.send({ type: 'accepted', id });
  if (socket !== undefined) onConnection(socket);
}

/** Within the event that brought it nothing of it has been read, and the supervisor's copy keeps the connection open. */
function release(socket: Socket | undefined): void {
  socket?.destroy();
}
