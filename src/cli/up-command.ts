import { Command, Option } from 'commander';
import { type LogChoice, logChoices, type PortChoice, up } from '../fleet/index.ts';
import { parseNames, parsePort, parsePortChoice } from './parse.ts';

interface Flags {
  readonly port?: readonly PortChoice[];
  readonly consolePort?: number;
  readonly colocate?: readonly string[] | true;
  readonly dataDir: string;
  readonly watch: boolean;
  readonly log: LogChoice;
  readonly verbose?: boolean;
  readonly logFormat: 'pretty' | 'json';
}

/** `flotilla up`: runs a fleet until Ctrl-C. */
export function upCommand(exit: (code: number) => void): Command {
  return new Command('up')
    .summary('run a fleet of services on this machine')
    .description(
      'Runs the services of a fleet file, each replica in a process of its own, with a registry, a telemetry collector ' +
        'and a console. Ctrl-C drains them; a second one ends them at once.',
    )
    .argument('[fleet]', 'the fleet file', 'fleet.ts')
    .addOption(
      new Option('-p, --port <[service=]port>', 'public port of the only service that has one, or of the named one')
        .env('FLOTILLA_PORT')
        .argParser(parsePortChoice),
    )
    .addOption(
      new Option('--console-port <port>', 'port of the console (default: 8081)')
        .env('FLOTILLA_CONSOLE_PORT')
        .argParser(parsePort),
    )
    .addOption(
      new Option('--colocate [names]', 'run these services (room,rank), or all, in one process')
        .env('FLOTILLA_COLOCATE')
        .argParser(parseNames),
    )
    .addOption(
      new Option('--data-dir <directory>', 'where embedded back ends keep their data')
        .env('FLOTILLA_DATA_DIR')
        .default('.flotilla'),
    )
    .addOption(new Option('--no-watch', 'do not restart a service when its source changes').env('FLOTILLA_NO_WATCH'))
    .addOption(
      new Option('--log <what>', 'what of the log is shown').env('FLOTILLA_LOG').choices(logChoices).default('info'),
    )
    .option('-v, --verbose', 'show a line for every call: --log calls')
    .addOption(
      new Option('--log-format <format>', 'how the log is printed')
        .env('FLOTILLA_LOG_FORMAT')
        .choices(['pretty', 'json'])
        .default('pretty'),
    )
    .action(async (file: string, flags: Flags) => {
      const { port, consolePort, colocate, dataDir, watch, log, verbose, logFormat } = flags;
      const choice = verbose === true && log === 'info' ? 'calls' : log;
      const together = colocate === true || colocate?.[0] === 'all' ? 'all' : colocate;
      exit(
        await up({ file, consolePort, colocate: together, dataDir, watch, log: choice, logFormat, ports: port ?? [] }),
      );
    });
}
