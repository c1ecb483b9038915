import { Agent, type IncomingMessage, request } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { MemorySocket } from './node-peer.ts';

/** What the client of node:http made of the bytes: the interim responses, and the final one as far as it came. */
export interface NodeResponse {
  readonly interim: readonly number[];
  readonly final: NodeFinal | undefined;
  readonly error: string | undefined;
}

export interface NodeFinal {
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly isComplete: boolean;
}

/** Lets node:http ask for something and answers with these bytes. */
export async function nodeClient(bytes: Buffer, method: string): Promise<NodeResponse> {
  const socket = new MemorySocket();
  const agent = new Agent();
  agent.createConnection = () => socket;
  const interim: number[] = [];
  let response: IncomingMessage | undefined;
  let isTaken = false;
  let error: string | undefined;
  const req = request({ method, agent });
  req.on('information', ({ statusCode }) => interim.push(statusCode));
  req.on('response', (res) => {
    response = res;
  });
  for (const event of ['upgrade', 'connect'] as const) {
    req.on(event, (res) => {
      response = res;
      isTaken = true;
    });
  }
  req.on('error', (thrown: NodeJS.ErrnoException) => {
    error ??= thrown.code ?? thrown.message;
  });
  req.end();
  // The request gets its socket in a later tick.
  await setImmediate();
  socket.emit('data', bytes);
  const final = response && observed(response, isTaken);
  const observation: NodeResponse = { interim, final, error };
  socket.destroy();
  return observation;
}

function observed(res: IncomingMessage, isTaken: boolean): NodeFinal {
  const body: Buffer[] = [];
  for (let piece = isTaken ? null : res.read(); piece !== null; piece = res.read()) body.push(piece);
  return {
    status: res.statusCode!,
    fields: res.rawHeaders,
    body: Buffer.concat(body).toString('latin1'),
    trailers: res.rawTrailers,
    isComplete: isTaken || res.complete,
  };
}
