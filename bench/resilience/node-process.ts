import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Behaviour, Order, Program, Reply } from './messages.ts';

const file = new URL('./node-program.ts', import.meta.url);

/** RPC servers in a process of their own. It ends when its owner stops it, and when this process ends. */
export class NodeProcess {
  readonly urls: readonly string[];
  readonly #child: ChildProcess;
  #id = 0;

  private constructor(child: ChildProcess, { urls }: Reply) {
    this.#child = child;
    this.urls = urls;
  }

  /** Throws if the program ends before it serves. */
  static async start(program: Program): Promise<NodeProcess> {
    const child = fork(file, [JSON.stringify(program)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the nodes ended with code ${code}`);
    });
    const [reply] = (await Promise.race([once(child, 'message'), ended])) as [Reply];
    ended.catch(() => {});
    return new NodeProcess(child, reply);
  }

  async behave(behave: Readonly<Record<number, Behaviour>>): Promise<void> {
    await this.#ask({ id: ++this.#id, behave });
  }

  /** How many calls with this label each node got so far. */
  async arrived(label: string): Promise<readonly number[]> {
    const { arrived } = await this.#ask({ id: ++this.#id });
    return arrived[label] ?? this.urls.map(() => 0);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #ask(order: Order): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const onReply = (reply: Reply) => {
        if (reply.id === order.id) settle(() => resolve(reply));
      };
      const onExit = () => settle(() => reject(new Error('the nodes have ended')));
      const settle = (end: () => void) => {
        child.off('message', onReply);
        child.off('exit', onExit);
        end();
      };
      child.on('message', onReply);
      child.on('exit', onExit);
      child.send(order);
    });
  }
}
