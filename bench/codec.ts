import type { MakeSubject } from './harness.ts';
import { pinning } from './http/pinning.ts';
import { codecContestants } from './rpc/codec-contestants.ts';
import { codecRows } from './rpc/rows.ts';

/** The rows `codec-*` of the subject `rpc` alone: CPU time per message, on five shapes of messages. */
export const subject: MakeSubject = async ({ quick }) => {
  const { ours, peers, parts, stop } = codecContestants(pinning().server, quick);
  process.once('exit', stop);
  const skipped = 'protobufjs' in peers ? {} : { protobufjs: 'not installed: `npm ci --prefix bench/peers`' };
  return {
    rows: codecRows,
    parts,
    ours,
    peers,
    skipped,
    async close() {
      stop();
      process.off('exit', stop);
    },
  };
};
