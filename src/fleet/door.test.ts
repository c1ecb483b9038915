import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../concurrency/index.ts';
import { Door, type DoorOptions, type Taker } from './door.ts';

/** Keeps what it is given; answers nothing. */
class Keeper implements Taker {
  readonly given: number[] = [];
  readonly refuses: boolean;
  #waiting: (() => void) | undefined;

  constructor(refuses = false) {
    this.refuses = refuses;
  }

  give(id: number, _service: string, _name: string, _socket: Socket, onError: () => void): void {
    if (this.refuses) queueMicrotask(onError);
    else this.given.push(id);
    this.#waiting?.();
  }

  async has(count: number): Promise<void> {
    while (this.given.length < count) await new Promise<void>((resolve) => (this.#waiting = resolve));
  }
}

async function openDoor(options: Partial<DoorOptions> = {}): Promise<Door & AsyncDisposable> {
  let lastId = 0;
  const door = new Door({ service: 'web', port: 0, clock: systemClock, nextId: () => ++lastId, ...options });
  await door.listen();
  return Object.assign(door, { [Symbol.asyncDispose]: async () => door.close() });
}

function visit(door: Door): Socket {
  const socket = connect(door.address.port, door.address.host);
  socket.on('error', () => {});
  return socket;
}

test('a taken port can be tried again many times and is opened when it is free', async () => {
  const holder = await openDoor();
  const { port } = holder.address;
  const door = new Door({ service: 'web', port, clock: systemClock, nextId: () => 1 });
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);

  for (let tries = 0; tries < 12; tries++) await assert.rejects(door.listen(), { code: 'EADDRINUSE' });
  holder.close();
  await door.listen();
  await setImmediate();

  process.off('warning', note);
  assert.deepEqual(warnings, []);
  assert.equal(door.address.port, port);
  door.close();
});

test('gives connections to its takers in turn', async () => {
  await using door = await openDoor();
  const [a, b] = [new Keeper(), new Keeper()];
  door.attach(a);
  door.attach(b);

  const visitors = [1, 2, 3, 4].map(() => visit(door));
  await Promise.all([a.has(2), b.has(2)]);

  assert.equal(a.given.length + b.given.length, 4);
  for (const id of [...a.given, ...b.given]) door.accepted(id);
  for (const socket of visitors) socket.destroy();
});

test('what a lost taker did not accept goes to another, what it accepted does not', async () => {
  await using door = await openDoor();
  const [lost, other] = [new Keeper(), new Keeper()];
  door.attach(lost);
  const visitors = [visit(door), visit(door)];
  await lost.has(2);
  door.accepted(lost.given[0] ?? 0);
  door.attach(other);

  door.lost(lost);
  await other.has(1);

  assert.deepEqual(other.given, [lost.given[1]]);
  for (const socket of visitors) socket.destroy();
});

test('a detached taker gets no more, and may still accept what it has', async () => {
  await using door = await openDoor();
  const [old, next] = [new Keeper(), new Keeper()];
  door.attach(old);
  const first = visit(door);
  await old.has(1);
  door.detach(old);
  door.attach(next);
  const second = visit(door);
  await next.has(1);

  assert.deepEqual([old.given, next.given], [[1], [2]]);
  first.destroy();
  second.destroy();
});

test('a connection that cannot be sent goes to another taker', async () => {
  await using door = await openDoor();
  const [broken, good] = [new Keeper(true), new Keeper()];
  door.attach(broken);
  door.attach(good);

  const visitors = [visit(door), visit(door)];
  await good.has(2);

  for (const socket of visitors) socket.destroy();
});

test('a connection that three processes did not live to accept is answered 503', async () => {
  await using door = await openDoor();
  const socket = visit(door);
  for (const taker of [new Keeper(), new Keeper(), new Keeper()]) {
    door.attach(taker);
    await taker.has(1);
    door.lost(taker);
  }

  const answer = await text(socket);

  assert.match(answer, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  assert.match(answer, /failed 3 times to accept/);
});

test('a connection that nobody takes in time is answered 503 in the one error shape', async () => {
  await using door = await openDoor({ maxWaitMs: 20 });
  const socket = visit(door);
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');

  const answer = await text(socket);
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));

  assert.match(answer, /^HTTP\/1\.1 503 .*Retry-After: 1\r\n/s);
  assert.deepEqual([body.code, body.reason], ['unavailable', 'SERVICE_RESTARTING']);
  assert.match(body.message, /web is not running: it did not take the connection within 20 ms/);
});

test('beyond its bound of waiting connections the next is answered 503 at once', async () => {
  await using door = await openDoor({ maxWaiting: 1 });
  const waiting = visit(door);
  await new Promise((resolve) => waiting.once('connect', resolve));

  const answer = await text(visit(door));

  assert.match(answer, /web has too many waiting connections/);
  waiting.destroy();
});

test('close answers 503 to those that wait, and refuses new ones', async () => {
  const door = await openDoor();
  const waiting = visit(door);
  const taker = new Keeper();
  door.attach(taker);
  await taker.has(1);
  door.lost(taker);

  door.close();
  const answer = await text(waiting);
  const late = await new Promise((resolve) => connect(door.address.port, door.address.host).once('error', resolve));

  assert.match(answer, /web is shutting down/);
  assert.equal((late as NodeJS.ErrnoException).code, 'ECONNREFUSED');
});
