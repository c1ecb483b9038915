/**
 * The thread that holds a public port open: see `Door`. It stands still while processes accept, answers 503 while none does
 * for long, and at the end.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import * as errors from '../errors/index.ts';

export const doorModes = { hold: 0, refuse: 1, close: 2 } as const;

export type DoorMode = keyof typeof doorModes;

/** What the thread is asked first: to listen. Asked again where it could not. */
export interface DoorOrder {
  readonly host: string;
  readonly port: number;
}

export interface DoorReport {
  readonly port: number;
  readonly descriptor: number;
  readonly error?: { readonly message: string; readonly code: string | undefined };
}

interface DoorData {
  readonly mode: Int32Array;
  readonly service: string;
  readonly maxWaitMs: number;
}

const backlog = 4096;
/** Visitors that are being turned away at a time; beyond, the first of them is cut off. */
const maxRefusals = 256;
const refusalMs = 1000;

if (!isMainThread && parentPort !== null) run(parentPort, workerData as DoorData);

function run(parent: NonNullable<typeof parentPort>, { mode, service, maxWaitMs }: DoorData): void {
  const is = (wanted: DoorMode) => Atomics.load(mode, 0) === doorModes[wanted];
  const leaving = new Set<Socket>();
  const server = createServer((socket) => {
    leaving.add(socket);
    if (leaving.size > maxRefusals) for (const oldest of leaving.values().take(1)) oldest.destroy();
    socket.once('close', () => {
      leaving.delete(socket);
      if (leaving.size === 0) standStill();
    });
    const why = is('close') ? 'is shutting down' : `is not running: nobody took connections for ${maxWaitMs} ms`;
    refuse(socket, `${service} ${why}`);
  });
  let isOpen = false;
  const standStill = () => {
    // A wake-up is no order: only another mode is.
    while (isOpen && leaving.size === 0 && is('hold')) Atomics.wait(mode, 0, doorModes.hold);
  };
  /** Whoever is being turned away has had the answer written. While the thread moves, it accepts beside the processes. */
  const settle = () => {
    standStill();
    setImmediate(() => {
      for (const socket of leaving) socket.destroy();
      leaving.clear();
      standStill();
    });
  };
  parent.on('message', (order: DoorOrder | { readonly mode: DoorMode }) => {
    if ('port' in order) {
      listen(server, order).then((report) => {
        isOpen = report.error === undefined;
        parent.postMessage(report);
        // At once: in the next turn of the loop it would accept.
        standStill();
      });
    } else if (is('close')) close(server, parent);
    else if (is('hold')) settle();
  });
}

function listen(server: Server, { host, port }: DoorOrder): Promise<DoorReport> {
  return new Promise((resolve) => {
    const failed = ({ message, code }: NodeJS.ErrnoException) => {
      server.off('listening', opened);
      resolve({ port: 0, descriptor: -1, error: { message, code } });
    };
    const opened = () => {
      server.off('error', failed);
      server.on('error', () => {});
      resolve({ port: (server.address() as AddressInfo).port, descriptor: descriptorOf(server) });
    };
    server.once('error', failed).once('listening', opened).listen({ host, port, backlog });
  });
}

/**
 * Node gives a socket to a child process by its descriptor, but tells the descriptor of one that listens only here, in a
 * property that its documentation mentions (`server.listen(handle)`) and does not describe.
 */
function descriptorOf(server: Server): number {
  const descriptor = (server as unknown as { readonly _handle?: { readonly fd?: unknown } })._handle?.fd;
  if (typeof descriptor === 'number' && descriptor >= 0) return descriptor;
  throw new Error(`this version of Node (${process.version}) does not tell the descriptor of a socket that listens`);
}

/** Turns away those that wait already: two turns of the loop accept them. */
function close(server: Server, parent: NonNullable<typeof parentPort>): void {
  setImmediate(() =>
    setImmediate(() => {
      server.close();
      parent.close();
    }),
  );
}

function refuse(socket: Socket, message: string): void {
  socket.on('error', () => {});
  socket.end(unavailable(message));
  // Unread bytes at close would reset the connection and take the answer with them.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), refusalMs);
  socket.once('close', () => clearTimeout(timer));
}

/** The whole answer, in the one error shape; nothing of the request has been read. */
function unavailable(message: string): string {
  const error = new errors.StatusError('unavailable', message, { reason: 'SERVICE_RESTARTING' });
  const body = JSON.stringify(errors.toBody(error));
  return [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Retry-After: 1',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
