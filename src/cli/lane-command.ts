import { Argument, Command, Option } from 'commander';
import {
  type LaneDataChoice,
  type LaneEntry,
  type LaneService,
  type LogChoice,
  laneDataChoices,
  laneUp,
  listLanes,
  logChoices,
} from '../fleet/index.ts';
import { dataDirOption } from './data-dir-option.ts';
import { parseLaneService } from './parse.ts';

interface Flags {
  readonly service?: readonly LaneService[];
  readonly data: LaneDataChoice;
  readonly dataDir: string;
  readonly watch: boolean;
  readonly log: LogChoice;
  readonly logFormat: 'pretty' | 'json';
}

const example = 'flotilla lane blue up --service room=./room-blue/main.ts';

/** `flotilla lane`: test environments beside a fleet that runs. */
export function laneCommand(exit: (code: number) => void): Command {
  return new Command('lane')
    .summary('run changed services in a lane beside the fleet that runs, or list the lanes')
    .usage('list | <name> up --service <name>=<file> [options]')
    .description(
      'A lane is a named test environment: a few changed services beside the fleet that runs here (flotilla up). ' +
        'Calls of the lane go to its services where it has some and to the baseline elsewhere; all other calls never ' +
        'see it. Ctrl-C drains its services, and its calls go to the baseline again.',
    )
    .argument('<name>', 'the lane, like blue; or list, to show the lanes that are up')
    .addArgument(new Argument('[up]', 'runs its services until Ctrl-C').choices(['up']))
    .addOption(
      new Option('-s, --service <name=file>', 'a service of the fleet and the file that runs it in the lane').argParser(
        parseLaneService,
      ),
    )
    .addOption(
      new Option('--data <what>', 'what its services find of the embedded data: a copy, nothing, or the baseline’s own')
        .choices(laneDataChoices)
        .default('copy'),
    )
    .addOption(dataDirOption())
    .addOption(new Option('--no-watch', 'do not restart a service when its source changes').env('FLOTILLA_NO_WATCH'))
    .addOption(
      new Option('--log <what>', 'what of the log is shown').env('FLOTILLA_LOG').choices(logChoices).default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'how the log is printed')
        .env('FLOTILLA_LOG_FORMAT')
        .choices(['pretty', 'json'])
        .default('pretty'),
    )
    .action(async (lane: string, action: string | undefined, { service: services = [], ...flags }: Flags, command) => {
      if (lane === 'list') exit(await list(flags.dataDir));
      else if (action === undefined) command.error(`error: say what to do with lane ${lane}, like ${example}`);
      else if (services.length === 0) command.error(`error: lane ${lane} needs a service, like ${example}`);
      else exit(await laneUp({ lane, services, ...flags }));
    });
}

async function list(dataDir: string): Promise<number> {
  process.stdout.write(formatLanes(await listLanes(dataDir)));
  return 0;
}

/** One line per lane and service. */
export function formatLanes(lanes: readonly LaneEntry[]): string {
  if (lanes.length === 0) return `no lane is up; to run one: ${example}\n`;
  const rows = lanes.map(({ lane, service, version, instances }) => [lane, service, version, instances.join(', ')]);
  const table = [['lane', 'service', 'version', 'instances'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const lineOf = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return `${table.map(lineOf).join('\n')}\n`;
}
