import type { Context } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import type { ControlRequest, FleetCard, RestartResult } from './control-protocol.ts';
import type { Commands } from './control-server.ts';
import { diagnose } from './diagnose.ts';
import { didYouMean } from './nearest.ts';
import type { RestartFailure, RestartStep } from './rolling-restart.ts';
import type { Supervisor } from './supervisor.ts';

/** What a fleet in the foreground does on command. */
export class FleetCommands implements Commands {
  readonly #fleetFile: string;
  readonly #supervisor: Supervisor;
  readonly #cwd: string;
  #isRestarting = false;

  constructor(fleetFile: string, supervisor: Supervisor, cwd: string) {
    this.#fleetFile = fleetFile;
    this.#supervisor = supervisor;
    this.#cwd = cwd;
  }

  describe(): FleetCard {
    const { serviceNames: services, publicUrls } = this.#supervisor;
    const { backend: backendUrl, ...urls } = publicUrls;
    if (backendUrl === undefined)
      throw new StatusError('unavailable', 'the fleet has not opened its ports yet; try again', { reason: 'STARTING' });
    return { pid: process.pid, fleetFile: this.#fleetFile, services, backendUrl, publicUrls: urls };
  }

  async restart(
    ctx: Context,
    { services, isRolling }: ControlRequest & { readonly command: 'restart' },
    tell: (step: RestartStep) => void,
  ): Promise<RestartResult> {
    this.#check(services);
    if (this.#isRestarting) {
      throw new StatusError('failed_precondition', 'a restart is under way already; wait for it', {
        reason: 'RESTART_UNDER_WAY',
      });
    }
    this.#isRestarting = true;
    try {
      const { failure, ...counts } = await this.#supervisor.restart(ctx, { services, isRolling }, tell);
      return { ...counts, failure: failure === undefined ? undefined : this.#explain(failure) };
    } finally {
      this.#isRestarting = false;
    }
  }

  #check(services: readonly string[]): void {
    const known = [...this.#supervisor.serviceNames, 'backend'];
    const unknown = services.filter((name) => !known.includes(name));
    if (unknown.length === 0) return;
    const problems = unknown.map((name) => `the fleet has no service "${name}"${didYouMean(name, known)}`);
    throw new StatusError('invalid_argument', `${problems.join('; ')}; it has ${known.join(', ')}`, {
      reason: 'UNKNOWN_SERVICE',
    });
  }

  #explain({ slot, exit, isServing }: RestartFailure): string {
    const entry = slot.unit.services[0]?.entry ?? slot.unit.entry;
    const { cause, fix } = diagnose({ name: slot.unit.name, entry, exit, cwd: this.#cwd });
    const meanwhile = isServing ? 'the process from before goes on serving' : 'it is started again by itself';
    return `the new process of ${slot.name} did not become ready: ${cause}\nfix: ${fix}\nmeanwhile: ${meanwhile}`;
  }
}
