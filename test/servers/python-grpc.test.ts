import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { create, type DescFile, toBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { file_google_rpc_error_details } from '../../src/rpc/gen/google/rpc/error_details_pb.ts';
import { file_google_rpc_status } from '../../src/rpc/gen/google/rpc/status_pb.ts';
import { file_grpc_health_v1_health } from '../../src/rpc/gen/grpc/health/v1/health_pb.ts';
import { file_grpc_reflection_v1alpha_reflection } from '../../src/rpc/gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { file_flotilla_test_v1_room } from '../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { ourClient } from '../conformance/rpc/clients/ours.ts';
import { features } from '../conformance/rpc/features.ts';
import { ourServer } from '../conformance/rpc/servers/ours.ts';
import type { Testee, TesteeOptions } from '../conformance/rpc/testee.ts';
import { output } from './program.ts';

/** Against Debian's python3-grpcio, which is gRPC's C core, both ways. */
const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('grpc-peer.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flotilla-python-grpc-'));
const descriptors = join(folder, 'descriptors');
after(() => rmSync(folder, { recursive: true, force: true }));

/** Why the tests are skipped; in CI a missing package is a failure. */
function missingModule(): string | false {
  if (spawnSync(python, ['-c', 'import grpc, google.protobuf']).status === 0) return false;
  const reason = 'not installed: python3-grpcio (Debian has it)';
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** The files with all that they import, imports first. */
function withImports(files: readonly DescFile[], found = new Map<string, FileDescriptorProto>()) {
  for (const { proto, dependencies } of files) {
    withImports(dependencies, found);
    found.set(proto.name, proto);
  }
  return found;
}

const all = withImports([
  file_google_rpc_error_details,
  file_google_rpc_status,
  file_grpc_health_v1_health,
  file_grpc_reflection_v1alpha_reflection,
  file_flotilla_test_v1_room,
]);
const set = create(FileDescriptorSetSchema, { file: [...all.values()] });
writeFileSync(descriptors, toBinary(FileDescriptorSetSchema, set));

/** The Python server: it says its port, and when a call hangs and is ended. */
async function pythonServer({ gzip = false }: TesteeOptions): Promise<Testee> {
  const child = spawn(python, [script, 'serve', descriptors, gzip ? 'gzip' : 'plain'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const said = (what: RegExp) =>
    new Promise<string>((resolve, reject) => {
      lines.on('line', (line) => what.test(line) && resolve(line));
      void closed.then(() => reject(new Error(`the Python server ended before it said ${what}`)));
    });
  const lines = createInterface(child.stdout);
  const [started, ended] = [said(/^started/), said(/^ended/)].map((promise) => promise.then(() => {}));
  for (const promise of [started, ended]) promise?.catch(() => {});
  const port = (await said(/^port/)).split(' ')[1];
  return {
    url: `http://127.0.0.1:${port}`,
    started: started!,
    ended: ended!,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

describe('python3-grpcio', { skip: missingModule(), timeout: 180_000 }, () => {
  for (const part of ['calls', 'errors', 'metadata', 'standard']) {
    test(`its client and our server agree on ${part}`, async () => {
      await using server = await ourServer();

      const printed = await output(python, [script, 'talk', descriptors, new URL(server.url).host, part]);

      assert.match(printed, /all is well/);
    });
  }

  for (const part of ['deadline', 'cancel']) {
    test(`its client ends a handler of our server: ${part}`, async () => {
      await using server = await ourServer();

      const printed = await output(python, [script, 'talk', descriptors, new URL(server.url).host, part]);

      assert.match(printed, /all is well/);
      await server.ended;
    });
  }

  const ofOurs = /^(health|reflection)/;
  for (const { name, options = {}, run } of features.filter((feature) => !ofOurs.test(feature.name))) {
    test(`our client and its server agree on: ${name}`, async () => {
      await using server = await pythonServer(options);
      await using caller = ourClient('grpc')(server.url, options);

      await run(caller, server);
    });
  }
});
