import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { MemberReport } from './quota-member.ts';

const program = fileURLToPath(new URL('./quota-member.ts', import.meta.url));

/** A Redis of its own, that can be killed, suspended and started again on the same port. */
export class RedisProcess {
  readonly port: number;
  #child: ChildProcess | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async start(): Promise<void> {
    const args = ['--bind', '127.0.0.1', '--port', String(this.port), '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', args, { stdio: 'ignore' });
    this.#child = child;
    while (!(await accepts(this.port))) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      await pause(20);
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  suspend(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }
}

/** What happened for some time, over all processes. */
export interface Rates {
  /** Calls per second, by tenant. */
  readonly offered: readonly number[];
  /** Of them, those that were let through. */
  readonly admitted: readonly number[];
  /** The longest, in ms, for which the machine did not let one of the processes run. */
  readonly stalledMs: number;
}

/** A quota in a process of its own. */
class Member {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (report: MemberReport) => void>();
  #asked = 0;

  constructor(args: readonly string[]) {
    this.#child = fork(program, args, { serialization: 'advanced' });
    this.#child.on('message', (report: MemberReport) => {
      this.#answers.get(report.ask)?.(report);
      this.#answers.delete(report.ask);
    });
  }

  offer(offers: readonly number[]): void {
    this.#child.send({ offers });
  }

  ask(): Promise<MemberReport> {
    const ask = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<MemberReport>();
    this.#answers.set(ask, resolve);
    this.#child.send({ ask });
    return promise;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

/** Several processes that divide the tenants' calls evenly, as a balancer would have it. */
export class QuotaFleet {
  readonly #members: Member[];
  readonly #offers: readonly number[];

  constructor(size: number, url: string, capacity: number, offers: readonly number[]) {
    this.#offers = offers;
    this.#members = Array.from({ length: size }, (_, index) => new Member([url, `i${index}`, String(capacity)]));
    this.#share();
  }

  reports(): Promise<readonly MemberReport[]> {
    return Promise.all(this.#members.map((member) => member.ask()));
  }

  /** What all of them are offered and admit per second, over so long a time. */
  async rates(ms: number): Promise<Rates> {
    const before = await this.reports();
    await pause(ms);
    const after = await this.reports();
    const perSecond = (what: 'offered' | 'admitted') =>
      this.#offers.map((_, tenant) =>
        after.reduce((sum, report, member) => {
          const earlier = before[member]!;
          const calls = report[what][tenant]! - earlier[what][tenant]!;
          return sum + (calls * 1_000) / (report.atMs - earlier.atMs);
        }, 0),
      );
    const stalledMs = Math.max(...after.map((report) => report.stalledMs));
    return { offered: perSecond('offered'), admitted: perSecond('admitted'), stalledMs };
  }

  /** Waits until it is true of all that the members report. */
  async until(what: string, isSo: (reports: readonly MemberReport[]) => boolean): Promise<void> {
    let last: readonly MemberReport[] = [];
    for (let attempt = 0; attempt < 200; attempt++) {
      last = await this.reports();
      if (isSo(last)) return;
      await pause(100);
    }
    throw new Error(`it did not come about that ${what}: ${JSON.stringify(last)}`);
  }

  /** kill -9; the others get its calls. */
  async killOne(): Promise<void> {
    await this.#members.pop()?.kill();
    this.#share();
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.kill()));
  }

  #share(): void {
    for (const member of this.#members) member.offer(this.#offers.map((rate) => rate / this.#members.length));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}
