import { resolve } from 'node:path';
import { StatusError } from '../errors/index.ts';
import { converse, errorOf } from './control-client.ts';
import type { ControlReply, RestartResult } from './control-protocol.ts';
import type { RestartStep } from './rolling-restart.ts';
import { defaultDataDir } from './up.ts';

export interface RestartOptions {
  /** None: all but the back end. */
  readonly services: readonly string[];
  /** One replica after the other; otherwise all of a service at once. */
  readonly isRolling: boolean;
  /** Of the fleet, relative to the working directory. Default: `.flotilla`. */
  readonly dataDir?: string;
  /** Where progress goes. Default: stdout. */
  readonly write?: (text: string) => void;
}

/**
 * Restarts services of the fleet that runs with this data directory, losing no request: each new process serves before the
 * old one drains. Given up when a new process does not become ready, and with this process. Resolves with the exit code: 0,
 * or 1 if it was given up. Throws `failed_precondition` NO_FLEET, and what the fleet refuses: UNKNOWN_SERVICE,
 * RESTART_UNDER_WAY.
 */
export async function restart(options: RestartOptions): Promise<number> {
  const {
    services,
    isRolling,
    dataDir = defaultDataDir,
    write = (text: string) => process.stdout.write(text),
  } = options;
  const began = performance.now();
  let last: ControlReply | undefined;
  const conversation = await converse(resolve(dataDir), { command: 'restart', services, isRolling }, (reply) => {
    last = reply;
    if (reply.type === 'step') write(`${stepText(reply.step)}\n`);
  });
  await conversation.ended;
  if (last?.type === 'error') throw errorOf(last);
  if (last?.type !== 'restarted') {
    throw new StatusError('unavailable', 'the fleet ended while it restarted', { reason: 'FLEET_ENDED' });
  }
  write(`${resultText(last.result, performance.now() - began)}\n`);
  return last.result.failure === undefined ? 0 : 1;
}

function stepText(step: RestartStep): string {
  const slot = step.slot.padEnd(12);
  switch (step.type) {
    case 'starting':
      return `${slot} starting a new process`;
    case 'ready':
      return `${slot} the new process serves after ${(step.tookMs / 1000).toFixed(2)} s; the old one drains`;
    case 'replaced':
      return `${slot} replaced (${step.replaced} of ${step.of})`;
  }
}

function resultText({ replaced, of, failure }: RestartResult, tookMs: number): string {
  const replicas = of === 1 ? 'replica' : 'replicas';
  if (failure === undefined) return `${of} ${replicas} replaced in ${(tookMs / 1000).toFixed(1)} s`;
  return `given up after ${replaced} of ${of} ${replicas}: ${failure}`;
}
