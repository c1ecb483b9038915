/** What a service tells its supervisor. `service` is given by a process that runs several. */
export type ToSupervisor =
  | { readonly type: 'listen'; readonly name: string; readonly service?: string }
  | { readonly type: 'ready'; readonly endpoints: readonly { readonly name: string; readonly url: string }[] }
  | { readonly type: 'draining' }
  /** `fix`: what the operator can do, if the service knows. */
  | { readonly type: 'failed'; readonly message: string; readonly code?: string; readonly fix?: string };

/** What a supervisor tells a service. */
export type FromSupervisor =
  /** Accept on the listening socket that the process inherited under this descriptor, from now on. */
  | { readonly type: 'accept'; readonly name: string; readonly service?: string; readonly descriptor: number }
  /** Accept no more. */
  | { readonly type: 'pause'; readonly name: string; readonly service?: string }
  /** `isRenewal`: its successor serves already. Sent again without it when there is no more time to wait for clients. */
  | { readonly type: 'drain'; readonly isRenewal?: boolean };

/** The line to the supervisor: Node's IPC channel in a process, anything else in a test. */
export interface SupervisorChannel {
  /** Resolves when the message has left, or cannot: a supervisor that is gone is told by `onDisconnect`, not by an error. */
  send(message: ToSupervisor): Promise<void>;
  /** Returns the function that stops listening. */
  onMessage(fn: (message: FromSupervisor) => void): () => void;
  onDisconnect(fn: () => void): void;
}

/** The part of `process` that the channel needs. */
export type IpcProcess = Pick<NodeJS.Process, 'send' | 'on' | 'off' | 'connected'>;

/** The channel of a process that was started with one, undefined otherwise. */
export function supervisorChannel(process: IpcProcess): SupervisorChannel | undefined {
  if (process.send === undefined) return undefined;
  return {
    send: (message) =>
      new Promise((resolve) => {
        if (!process.connected) return resolve();
        process.send?.(message, undefined, undefined, () => resolve());
      }),
    onMessage(fn) {
      const receive = (message: unknown) => {
        if (isFromSupervisor(message)) fn(message);
      };
      process.on('message', receive);
      return () => process.off('message', receive);
    },
    onDisconnect(fn) {
      if (process.connected) process.on('disconnect', fn);
      else queueMicrotask(fn);
    },
  };
}

function isFromSupervisor(message: unknown): message is FromSupervisor {
  const type = (message as { type?: unknown } | null)?.type;
  return type === 'accept' || type === 'pause' || type === 'drain';
}
