import { existsSync } from 'node:fs';
import type { Contestant } from '../harness.ts';
import { LineProcess } from './line-process.ts';
import { codecRows } from './rows.ts';

export interface CodecContestants {
  readonly ours: Contestant;
  readonly peers: Readonly<Record<string, Contestant>>;
  readonly parts: readonly string[];
  stop(): void;
}

/** Each codec in a process of its own, which measures itself. `pin`: what runs a command on its core. */
export function codecContestants(pin: readonly string[], quick: boolean): CodecContestants {
  const hasStaticCode = existsSync(new URL('../peers/node_modules/protobufjs-cli', import.meta.url));
  const file = new URL('codec-worker.ts', import.meta.url).pathname;
  const workers: LineProcess[] = [];
  const contestant = (name: string): Contestant => {
    const worker = new LineProcess([...pin, process.execPath, file, name]);
    workers.push(worker);
    return async (part) => {
      const [kind, way, shape] = part.split('-');
      return kind === 'codec' ? { [part]: await worker.ask<number>(`${way} ${shape} ${quick ? 50 : 300}`) } : {};
    };
  };
  return {
    ours: contestant('ours'),
    peers: {
      'protobuf-es': contestant('protobuf-es'),
      ...(hasStaticCode && { protobufjs: contestant('protobufjs') }),
    },
    parts: codecRows.map(({ name }) => name),
    stop() {
      for (const worker of workers) worker.stop();
    },
  };
}
