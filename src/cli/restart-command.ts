import { Command } from 'commander';
import { restart } from '../fleet/index.ts';
import { dataDirOption } from './data-dir-option.ts';

interface Flags {
  readonly dataDir: string;
  readonly rolling?: boolean;
}

/** `flotilla restart`: renews the processes of a fleet that runs. */
export function restartCommand(exit: (code: number) => void): Command {
  return new Command('restart')
    .summary('restart services of the fleet that runs, without a failed request')
    .description(
      'Replaces the processes of services of the fleet that runs here (flotilla up): each new process takes over when ' +
        'it is ready, and only then the old one finishes its work and leaves. Gives up at the first one that does not ' +
        'become ready; the old process serves on. Exits with 0 if all were replaced, with 1 if not. Ctrl-C ends it ' +
        'after the replica that is under way.',
    )
    .argument('[services...]', 'the services to restart (default: all; backend, if named, too)')
    .option('--rolling', 'one replica after the other, instead of all of a service at once')
    .addOption(dataDirOption())
    .action(async (services: string[], { dataDir, rolling = false }: Flags) => {
      exit(await restart({ services, isRolling: rolling, dataDir }));
    });
}
