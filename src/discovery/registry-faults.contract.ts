import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext, type Context } from '../concurrency/index.ts';
import { idsOf, instanceOf } from './registry.contract.ts';
import type { Instance, Registration, Registry, Snapshot } from './registry.ts';
import { type FakeServer, faults } from './testdata/fake-server.ts';

/** A registry whose pauses are short and whose grace is long, and the server that it stands on. */
export interface FaultFixture {
  readonly registry: Registry;
  readonly server: FakeServer;
  /** As in the registry contract. */
  place?(ctx: Context, instance: Instance): Promise<Registration>;
  close(): Promise<void>;
}

/** What every Registry over a network must stand. Called by the test of each implementation. */
export function registryFaults(name: string, open: () => Promise<FaultFixture>): void {
  describe(`registry faults: ${name}`, () => {
    let fixture: FaultFixture;
    let ctx: CancelContext;
    let reader: AsyncIterator<Snapshot>;
    const place = (id: string) => {
      const instance = instanceOf(id, { endpoints: { rpc: `http://127.0.0.1:${id.slice(-1)}` } });
      return fixture.place?.(ctx, instance) ?? fixture.registry.register(ctx, instance);
    };
    const next = async () => idsOf((await reader.next()).value as Snapshot);
    beforeEach(async () => {
      fixture = await open();
      ctx = background().withTimeout(60_000);
      for (const id of ['room-1', 'room-2']) await place(id);
      reader = fixture.registry.watch(ctx, 'room')[Symbol.asyncIterator]();
      assert.deepEqual(await next(), ['room-1', 'room-2']);
    });
    afterEach(async () => {
      ctx.cancel();
      fixture.server.fail(undefined);
      await fixture.close();
    });

    for (const fault of faults) {
      it(`keeps the list while the server answers ${fault}, and goes on after it`, async () => {
        fixture.server.fail(fault);
        await fixture.server.called(fault === 'silent' ? 1 : 4);
        fixture.server.fail(undefined);
        await place('room-3');

        const seen = [await next()];
        while (seen.at(-1)?.length !== 3) seen.push(await next());
        assert.ok(
          seen.every((ids) => ids.includes('room-1') && ids.includes('room-2')),
          JSON.stringify(seen),
        );
      });
    }

    it('keeps the list while the server is down, and goes on when it is back', async () => {
      await fixture.server.stop();
      await fixture.server.start();
      await place('room-3');

      assert.deepEqual(await next(), ['room-1', 'room-2', 'room-3']);
    });

    it('has no list, and no failure, before the server is there', async () => {
      await fixture.server.stop();
      const waiting = fixture.registry.watch(ctx, 'room')[Symbol.asyncIterator]();
      const first = waiting.next();

      await fixture.server.start();

      assert.deepEqual(idsOf((await first).value as Snapshot), ['room-1', 'room-2']);
    });
  });
}
