import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startDrained } from '../faults/http-drain/drained-service.ts';
import { missing, output } from './program.ts';

const script = fileURLToPath(new URL('../../bench/http/load.lua', import.meta.url));
const paths = ['/at-once/x', '/later/x', '/stream/x'];

describe('SIGTERM under wrk', { skip: missing('wrk') }, () => {
  for (const pipeline of [1, 16])
    for (const path of paths) {
      it(`answers every request that was begun: ${path}, ${pipeline} at a time`, async () => {
        const service = await startDrained();
        const url = `http://127.0.0.1:${service.port}${path}`;
        const loading = output('wrk', ['-t1', '-c32', '-d2s', '-s', script, url, '--', String(pipeline), 'GET', '']);
        await service.busy;

        service.child.kill('SIGTERM');
        const begun = await service.begun;
        const [code] = await service.exit;
        const printed = await loading;

        // What wrk asked when nobody listened any more are its socket errors.
        const answered = Number(/^\s*(\d+) requests in /m.exec(printed)?.[1]);
        assert.deepEqual([code, answered], [0, begun.length], printed);
        assert.doesNotMatch(printed, /Non-2xx/);
      });
    }
});
