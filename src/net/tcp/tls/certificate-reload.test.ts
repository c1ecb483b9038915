import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import { type Context, rootContext } from '../../../concurrency/index.ts';
import { noTelemetry, withTelemetry } from '../../../observe/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { tcpListener } from '../listener/tcp-listener.ts';
import { authority, type Issued, noOpenssl } from '../testdata/certificates.ts';
import { turns } from '../testdata/served.ts';
import { CertificateSet } from './certificate-set.ts';
import type { TlsServerOptions } from './tls-server-options.ts';

describe('certificates that change', { timeout: 60_000, skip: noOpenssl }, () => {
  const ca = noOpenssl === false ? authority() : undefined!;
  const first = noOpenssl === false ? ca.issue('first') : undefined!;
  const second = noOpenssl === false ? ca.issue('second') : undefined!;
  const third = noOpenssl === false ? ca.issue('third') : undefined!;

  test('are used when they are reloaded; connections that are open live on', async () => {
    await using fixture = await fromFiles(first);
    const open = await fixture.connect();

    fixture.write(second);
    assert.equal(await fixture.shown(), 'first');
    await fixture.listener.reload();

    assert.equal(await fixture.shown(), 'second');
    assert.equal(await fixture.shown('localhost'), 'second');
    open.write('still here');
    assert.equal(String((await once(open, 'data'))[0]), 'still here');
  });

  test('are not used when they cannot be: the old ones stay', async () => {
    await using fixture = await fromFiles(first);
    const bad: Issued[] = [
      { cert: 'nonsense', key: first.key },
      { cert: second.cert, key: first.key },
      { cert: second.cert, key: '' },
    ];

    for (const issued of bad) {
      fixture.write(issued);
      await assert.rejects(fixture.listener.reload(), { reason: 'CERTIFICATE_UNUSABLE' });
      assert.equal(await fixture.shown(), 'first');
    }
    fixture.write(second);
    await fixture.listener.reload();
    assert.equal(await fixture.shown(), 'second');
  });

  test('are found by looking, also through links, and faults are logged', async () => {
    await using fixture = await fromFiles(first, { reloadMs: 1_000 });

    fixture.write(second);
    await fixture.look();
    assert.equal(await fixture.shown(), 'second');
    fixture.write({ cert: 'nonsense', key: 'nonsense' });
    await fixture.look();
    assert.equal(await fixture.shown(), 'second');
    assert.deepEqual(fixture.warnings, ['the certificates could not be reloaded; the old ones stay in use']);
    fixture.write(third);
    await fixture.look();

    assert.equal(await fixture.shown(), 'third');
    await fixture.listener.stop();
    assert.equal(fixture.clock.pending, 0);
  });

  test('of a host name are reloaded too', async () => {
    await using fixture = await fromFiles(first, {}, 'room.example');

    assert.equal(await fixture.shown('room.example'), 'first');
    fixture.write(second);
    await fixture.listener.reload();

    assert.equal(await fixture.shown('room.example'), 'second');
    assert.equal(await fixture.shown(), 'third');
  });

  test('are not looked for where they are no files, or it is turned off', async () => {
    await using fixture = await fromFiles(first, { reloadMs: 0 });
    const clock = virtualClock();
    const listener = tcpListener({ port: 0, tls: first });
    await listener.start(rootContext(clock), () => {});

    assert.deepEqual([fixture.clock.pending, clock.pending], [0, 0]);
    await listener.stop();
  });

  test('that are not valid any more are told of, not refused', async () => {
    const set = new CertificateSet({ ...first, serverNames: { 'room.example': second } });
    await set.load();

    const days = (count: number) => Date.now() + count * 86_400_000;

    assert.deepEqual(set.outdated(days(0)), []);
    assert.match(
      set.outdated(days(3)).join(),
      /^that of the server has expired on 20\S+Z,that of room\.example has expired/,
    );
    assert.match(set.outdated(days(-3))[0] ?? '', /^that of the server is not valid before 20\S+Z$/);
  });

  async function fromFiles(issued: Issued, options: TlsServerOptions = {}, serverName?: string) {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-tls-'));
    let version = 0;
    /** As a container platform does: new files beside the old ones, and a link that is moved over. */
    const write = ({ cert, key }: Issued): void => {
      version++;
      for (const [name, text] of Object.entries({ cert, key })) {
        writeFileSync(join(folder, `${name}.${version}`), text);
        if (version > 1) unlinkSync(join(folder, name));
        symlinkSync(`${name}.${version}`, join(folder, name));
      }
    };
    write(issued);
    const files = { certFile: join(folder, 'cert'), keyFile: join(folder, 'key') };
    const tls =
      serverName === undefined ? { ...files, ...options } : { ...third, serverNames: { [serverName]: files } };
    const warnings: string[] = [];
    const log = { ...noTelemetry.log, warn: (_: Context, text: string) => warnings.push(text) };
    const clock = virtualClock();
    const sockets: Socket[] = [];
    const listener = tcpListener({ port: 0, tls });
    const { port } = await listener.start(withTelemetry(rootContext(clock), { ...noTelemetry, log }), (socket) => {
      sockets.push(socket.on('error', () => {}));
      socket.pipe(socket);
    });
    const open = async (servername?: string) => {
      const named = servername === undefined ? {} : { servername };
      const socket = connect({ port, rejectUnauthorized: false, ...named });
      sockets.push(socket.on('error', () => {}));
      await once(socket, 'secureConnect');
      return socket;
    };
    return {
      clock,
      listener,
      warnings,
      write,
      connect: open,
      async shown(servername?: string): Promise<string> {
        const socket = await open(servername);
        const { subject } = socket.getPeerX509Certificate()!;
        socket.destroy();
        return /CN=(.*)$/.exec(subject)?.[1] ?? '';
      },
      /** Lets the listener look, and waits until it has looked: then its next look is due. */
      async look(): Promise<void> {
        await clock.advance(1_000);
        while (clock.pending === 0) await turns(1);
      },
      async [Symbol.asyncDispose]() {
        await listener.stop();
        for (const socket of sockets) socket.destroy();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
});
