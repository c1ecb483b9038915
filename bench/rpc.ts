import { loadavg } from 'node:os';
import type { Contestant, MakeSubject } from './harness.ts';
import { pinning } from './http/pinning.ts';
import { codecContestants } from './rpc/codec-contestants.ts';
import { contenders, type Pair } from './rpc/contenders.ts';
import { PairProcess } from './rpc/pair-process.ts';
import { type LoadName, loadNames, rows } from './rpc/rows.ts';

/**
 * Calls that echo a message of 100 bytes, beside what else calls over TCP from Node, and gRPC of Go: a server on core 0, its
 * client on core 1, one connection (tRPC over HTTP/1.1: one per caller). Each peer in its best configuration, `bench/rpc`
 * and `bench/peers/rpc` have the programs. Then codecs alone, in CPU time per message, on five shapes of messages.
 *
 * In `unary-64-full` ours has on what a service has by default, the peers are as in `unary-64-bare`.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const [load = 0] = loadavg();
  if (load > busyLoad)
    process.stderr.write(`this machine is busy (load average ${load}): do not quote these figures\n`);
  const pin = pinning();
  const { ours, peers, skipped } = contenders({ buildsGo: true });
  const running: { readonly stop: () => unknown; readonly abandon: () => void }[] = [];
  const abandon = () => {
    for (const process of running) process.abandon();
  };
  process.once('exit', abandon);
  const close = async () => {
    await Promise.all(running.map((process) => process.stop()));
    process.off('exit', abandon);
  };
  const pairs = async (of: readonly Pair[]): Promise<Contestant> => {
    const processes = new Map<LoadName, PairProcess>();
    for (const pair of of) {
      const process = await PairProcess.start(pair, pin, warmUpSeconds);
      running.push(process);
      for (const name of pair.loads) processes.set(name, process);
    }
    return async (part) => (await processes.get(part as LoadName)?.measure(part as LoadName, quick ? 0.5 : 2)) ?? {};
  };
  try {
    const calls = await pairs(ours);
    const codecs = codecContestants(pin.server, quick);
    running.push({ stop: codecs.stop, abandon: codecs.stop });
    const others: Record<string, Contestant> = {};
    for (const [name, of] of Object.entries(peers)) others[name] = await pairs(of);
    return {
      rows,
      parts: [...loadNames, ...codecs.parts],
      ours: async (part) => ({ ...(await calls(part)), ...(await codecs.ours(part)) }),
      peers: { ...others, ...codecs.peers },
      skipped,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/**
 * By then the engine has compiled what it is going to compile, whoever's code that is. Of ours with everything on, the last
 * tenth of the calls per second comes after six seconds.
 */
const warmUpSeconds = 8;

/** More than a bench that has just ended leaves behind. */
const busyLoad = 1.5;
