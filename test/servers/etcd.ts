import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const variable = 'FLOTILLA_TEST_ETCD_URL';

/** The URL of the server, or why the tests are skipped. In CI a missing server is a failure, not a skip. */
export const etcd: { readonly url: string; readonly skip: string | false } = locate();

/** Why no test can start a member of its own. */
export const ownEtcdSkip: string | false =
  etcd.skip === false && spawnSync('etcd', ['--version']).status !== 0 ? 'there is no program "etcd" here' : etcd.skip;

function locate() {
  const url = process.env[variable] ?? '';
  if (url !== '') return { url, skip: false as const };
  const reason = `${variable} is not set; run: tools/servers.sh start etcd`;
  if (process.env.CI === 'true') throw new Error(reason);
  return { url, skip: reason };
}

/** A member of its own, for tests that kill and pause it. */
export class OwnEtcd implements AsyncDisposable {
  readonly url: string;
  #dir = '';
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<OwnEtcd> {
    const member = new OwnEtcd(await freePort());
    await member.start();
    return member;
  }

  /** With the data that it had, or with none. */
  async start(data: 'same' | 'empty' = 'empty'): Promise<void> {
    if (data === 'empty') this.#forget();
    if (this.#dir === '') this.#dir = mkdtempSync(join(tmpdir(), 'flotilla-etcd-'));
    const options = {
      name: 'own',
      'data-dir': this.#dir,
      'listen-client-urls': this.url,
      'advertise-client-urls': this.url,
      'listen-peer-urls': 'http://127.0.0.1:0',
      'initial-advertise-peer-urls': 'http://127.0.0.1:1',
      'initial-cluster': 'own=http://127.0.0.1:1',
      'log-level': 'error',
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    this.#child = spawn('etcd', [...args, '--unsafe-no-fsync'], { stdio: 'ignore' });
    while (!(await this.#answers())) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#forget();
  }

  async #answers(): Promise<boolean> {
    if (this.#child?.exitCode !== null) throw new Error(`etcd ended with ${this.#child?.exitCode}`);
    return fetch(`${this.url}/version`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  #forget(): void {
    if (this.#dir !== '') rmSync(this.#dir, { recursive: true, force: true });
    this.#dir = '';
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
