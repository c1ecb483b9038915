import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../concurrency/index.ts';
import { Door, type DoorOptions, type Taker } from './door.ts';

const program = fileURLToPath(new URL('testdata/taker.ts', import.meta.url));

/** A process with the descriptor of the door. */
class Process implements Taker, AsyncDisposable {
  readonly child: ChildProcess;
  readonly #said: string[] = [];
  #heard: () => void = () => {};

  constructor(door: Door) {
    this.child = spawn(process.execPath, [program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', door.descriptor],
    });
    this.child.on('message', (message: string) => {
      this.#said.push(message);
      this.#heard();
    });
  }

  get pid(): string {
    return String(this.child.pid);
  }

  take(): boolean {
    this.child.send({ type: 'accept', descriptor: 4 });
    return true;
  }

  pause(): void {
    this.child.send({ type: 'pause' });
  }

  async said(message: string): Promise<void> {
    while (!this.#said.includes(message)) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

async function openDoor(options: Partial<DoorOptions> = {}): Promise<Door & Disposable> {
  const door = new Door({ service: 'web', port: 0, clock: systemClock, ...options });
  await door.listen();
  return Object.assign(door, { [Symbol.dispose]: () => door.close() });
}

async function attached(door: Door): Promise<Process> {
  const taker = new Process(door);
  door.attach(taker);
  await taker.said('accepts');
  return taker;
}

async function visit(door: Door): Promise<Socket> {
  const socket = connect(door.address.port, door.address.host);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

test('a taken port can be tried again many times and is opened when it is free', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  const door = new Door({ service: 'web', port, clock: systemClock });

  for (let tries = 0; tries < 12; tries++) await assert.rejects(door.listen(), { code: 'EADDRINUSE' });
  assert.equal(door.descriptor, undefined);
  holder.close();
  await once(holder, 'close');
  await door.listen();

  assert.equal(door.address.port, port);
  await using taker = await attached(door);
  assert.equal(await text(await visit(door)), taker.pid);
  door.close();
});

test('connections wait while there is no taker, and are taken by the first', async () => {
  using door = await openDoor();
  const early = await Promise.all([1, 2, 3].map(() => visit(door)));

  await using taker = await attached(door);

  assert.deepEqual(await Promise.all(early.map(text)), [taker.pid, taker.pid, taker.pid]);
});

test('every taker accepts', async () => {
  using door = await openDoor();
  await using one = await attached(door);
  await using other = await attached(door);
  const seen = new Set<string>();

  while (seen.size < 2)
    for (const socket of await Promise.all([1, 2, 3, 4].map(() => visit(door)))) seen.add(await text(socket));

  assert.deepEqual(seen, new Set([one.pid, other.pid]));
});

test('what a killed taker did not accept goes to the next', async () => {
  using door = await openDoor();
  const lost = await attached(door);
  lost.child.kill('SIGSTOP');
  const waiting = await Promise.all([visit(door), visit(door)]);

  await lost.kill();
  door.lost(lost);
  await using next = await attached(door);

  assert.deepEqual(await Promise.all(waiting.map(text)), [next.pid, next.pid]);
});

test('a stopped process holds up nobody', async () => {
  using door = await openDoor();
  await using stuck = await attached(door);
  await using other = await attached(door);
  stuck.child.kill('SIGSTOP');

  const answers = await Promise.all((await Promise.all([1, 2, 3, 4].map(() => visit(door)))).map(text));

  assert.deepEqual(new Set(answers), new Set([other.pid]));
});

test('a detached taker accepts no more', async () => {
  using door = await openDoor();
  await using old = await attached(door);
  door.detach(old);
  await old.said('pauses');
  const waiting = await visit(door);

  await using next = await attached(door);

  assert.equal(await text(waiting), next.pid);
});

test('connections that nobody takes in time are answered 503 in the one error shape, until somebody does', async () => {
  using door = await openDoor({ maxWaitMs: 20 });
  const socket = await visit(door);
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');

  const answer = await text(socket);
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));

  assert.match(answer, /^HTTP\/1\.1 503 .*Retry-After: 1\r\n/s);
  assert.deepEqual([body.code, body.reason], ['unavailable', 'SERVICE_RESTARTING']);
  assert.match(body.message, /web is not running: nobody took connections for 20 ms/);
  assert.match(await text(await visit(door)), /503/);
  await using taker = await attached(door);
  const seen = new Set<string>();
  // The thread may still turn one away until it has heard of the taker.
  while (!seen.has(taker.pid)) seen.add(await text(await visit(door)));
  assert.equal(await text(await visit(door)), taker.pid);
});

test('who lingers after a refusal holds up nobody', async () => {
  using door = await openDoor({ maxWaitMs: 20 });
  const lingering = connect({ port: door.address.port, host: door.address.host, allowHalfOpen: true });
  lingering.on('error', () => {});
  await once(lingering, 'data');

  await using taker = await attached(door);

  const seen = new Set<string>();
  while (!seen.has(taker.pid)) seen.add(await text(await visit(door)));
  for (let visitor = 0; visitor < 20; visitor++) assert.equal(await text(await visit(door)), taker.pid);
  lingering.destroy();
});

test('a crowd that nobody takes gets its answers', async () => {
  using door = await openDoor({ maxWaitMs: 20 });
  assert.match(await text(await visit(door)), /503/);

  const answers = await Promise.all(Array.from({ length: 400 }, async () => text(await visit(door))));

  assert.equal(answers.filter((answer) => answer.includes('503')).length, 400);
});

test('a process that did not inherit the port takes nobody', async () => {
  using door = await openDoor({ maxWaitMs: 20 });

  door.attach({ take: () => false, pause: () => assert.fail('it was asked to pause') });

  assert.match(await text(await visit(door)), /nobody took connections/);
});

test('loses patience again when its last taker is gone', async () => {
  using door = await openDoor({ maxWaitMs: 20 });
  const taker = await attached(door);
  assert.equal(await text(await visit(door)), taker.pid);

  await taker.kill();
  door.lost(taker);

  assert.match(await text(await visit(door)), /nobody took connections/);
});

test('close answers 503 to those that wait, and refuses new ones', async () => {
  const door = await openDoor();
  const waiting = await visit(door);

  door.close();
  const answer = await text(waiting);

  assert.match(answer, /web is shutting down/);
  const refused = async () => {
    const socket = connect(door.address.port, door.address.host);
    const [error] = await Promise.race([once(socket, 'error'), once(socket, 'connect')]);
    socket.destroy();
    return (error as NodeJS.ErrnoException | undefined)?.code;
  };
  while ((await refused().catch((error) => error.code)) !== 'ECONNREFUSED');
});
