/**
 * A service that speaks the supervisor's protocol with nothing but Node: GET / tells who answered, GET /slow answers
 * after 300 ms, GET /crash ends the process while it answers, GET /wedge blocks it for good.
 */
import { createServer } from 'node:http';
import { createServer as createListener, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const version = 'one';
const { FLOTILLA_INSTANCE: instance, FLOTILLA_PORT: port } = process.env;

let draining = false;
let lingered = false;
let connections = 0;

const server = createServer(async (request, response) => {
  if (request.url === '/crash') throw new RangeError('asked to crash');
  if (request.url === '/wedge') while (true);
  if (request.url === '/slow') await sleep(300);
  if (draining) response.setHeader('connection', 'close');
  const { FLOTILLA_REGISTRY_URL: registry, SETTING: setting } = process.env;
  response.end(JSON.stringify({ version, pid: process.pid, instance, registry, setting }));
});

let listener: Server | undefined;
process.on('message', ({ type, descriptor }: { readonly type: string; readonly descriptor: number }) => {
  if (type === 'drain') drain();
  if (type === 'pause') listener?.close();
  if (type !== 'accept') return;
  listener = createListener((socket) => {
    // Counted until it closes, and not by its requests: the first may still be on its way when the drain is over.
    connections++;
    socket.once('close', () => {
      connections--;
      leaveWhenIdle();
    });
    server.emit('connection', socket);
  });
  listener.listen({ fd: descriptor }, 1024);
});
process.on('disconnect', drain);
process.on('SIGTERM', drain);

if (port !== undefined) process.send?.({ type: 'listen', name: 'http' });
process.send?.({ type: 'ready', endpoints: [{ name: 'rpc', url: 'http://127.0.0.1:9' }] });
console.log(
  JSON.stringify({ time: new Date().toISOString(), level: 'info', message: `version ${version} works`, instance }),
);

/** Connections that were accepted just now may bring a request still. */
async function drain(): Promise<void> {
  if (draining) return;
  draining = true;
  if (process.connected) process.send?.({ type: 'draining' });
  await sleep(100);
  server.closeIdleConnections();
  lingered = true;
  leaveWhenIdle();
}

function leaveWhenIdle(): void {
  if (lingered && connections === 0) process.exit(0);
}
