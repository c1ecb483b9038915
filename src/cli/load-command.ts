import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { background, withSignal } from '../concurrency/index.ts';
import { type ArrivalKind, arrivalKinds } from './load/arrivals.ts';
import { formatReport } from './load/report.ts';
import { runLoad } from './load/run-load.ts';
import { type ScenarioName, scenarioNames } from './load/scenario.ts';
import type { Tally } from './load/tally.ts';
import { parseCount, parseDuration, parseShare, parseUrl } from './parse.ts';

interface Flags {
  readonly rate: number;
  readonly duration: number;
  readonly connections: number;
  readonly scenario?: ScenarioName;
  readonly arrivals: ArrivalKind;
  readonly users: number;
  readonly rooms: number;
  readonly guests: number;
  readonly seed?: number;
  readonly json?: string;
  readonly allowRemote?: boolean;
}

const maxSeed = 2 ** 32 - 2;

/** `flotilla load`: a fixed arrival rate on a server, and what became of it. */
export function loadCommand(exit: (code: number) => void): Command {
  return new Command('load')
    .summary('put an open-loop load on a server and report')
    .description(
      'Sends requests at a fixed arrival rate, whether or not earlier ones were answered, and measures each from the ' +
        'time when it was due. Ctrl-C ends it and prints the report so far.',
    )
    .argument('[url]', 'the target; with a path, that path is fetched', parseUrl, parseUrl(defaultTarget()))
    .addOption(
      new Option('-r, --rate <per second>', 'arrivals per second').argParser(parseCount(1, 100_000)).default(200),
    )
    .addOption(
      new Option('-d, --duration <time>', 'how long requests are sent').argParser(parseDuration).default(10_000, '10s'),
    )
    .addOption(
      new Option('-c, --connections <count>', 'requests in flight at once; what is due beyond is not sent')
        .argParser(parseCount(1, 10_000))
        .default(256),
    )
    .addOption(
      new Option(
        '-s, --scenario <name>',
        'live: the reference fleet; calls: its lightest requests; get: one GET (default: get for a URL with a path, else live)',
      ).choices(scenarioNames),
    )
    .addOption(
      new Option('--arrivals <kind>', 'poisson: independent, as from many users; uniform: evenly spaced')
        .choices(arrivalKinds)
        .default('poisson'),
    )
    .addOption(new Option('--users <count>', 'people that sign up (live)').argParser(parseCount(2, 10_000)).default(20))
    .addOption(
      new Option('--rooms <count>', 'rooms that are opened (live)').argParser(parseCount(1, 10_000)).default(10),
    )
    .addOption(
      new Option('--guests <share>', 'share of the requests that come without a token, 0 to 1 (live)')
        .argParser(parseShare)
        .default(0),
    )
    .addOption(
      new Option('--seed <number>', 'repeats the same arrivals and mix (default: random)').argParser(
        parseCount(0, maxSeed),
      ),
    )
    .option('--json <file>', 'write the report as JSON too; - for stdout, instead of the text')
    .option('--allow-remote', 'allow a target that is not this machine')
    .action(async (url: URL, flags: Flags) => {
      exit(await load(url, flags));
    });
}

async function load(url: URL, flags: Flags): Promise<number> {
  const { rate, duration, connections, arrivals, users, rooms, guests, json, allowRemote = false } = flags;
  const scenario = flags.scenario ?? (url.pathname === '/' ? 'live' : 'get');
  const seed = flags.seed ?? Math.floor(Math.random() * maxSeed);
  const interrupted = new AbortController();
  const stop = () => interrupted.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  using ctx = withSignal(background(), interrupted.signal);
  const isTerminal = process.stderr.isTTY === true;
  if (isTerminal) process.stderr.write(`preparing ${scenario} ...\r`);
  const report = await runLoad(ctx, {
    ...{
      url,
      scenario,
      ratePerSecond: rate,
      durationMs: duration,
      arrivals,
      connections,
      seed,
      users,
      rooms,
      guests,
      allowRemote,
    },
    ...(isTerminal && { onProgress: showProgress() }),
  });
  if (isTerminal) process.stderr.write('\u001b[2K');
  const text = `${JSON.stringify(report, undefined, 2)}\n`;
  process.stdout.write(json === '-' ? text : formatReport(report));
  if (json !== undefined && json !== '-') writeFileSync(json, text);
  return report.ok > 0 ? 0 : 1;
}

function showProgress(): (tally: Tally) => void {
  const began = performance.now();
  return ({ counts, latency }) => {
    const seconds = Math.round((performance.now() - began) / 1000);
    const { sent, ok, failed, notSent } = counts;
    const p99 = (latency.quantile(0.99) / 1000).toFixed(1);
    process.stderr.write(
      `\u001b[2K${seconds} s  sent ${sent}  ok ${ok}  failed ${failed}  not sent ${notSent}  p99 ${p99} ms\r`,
    );
  };
}

function defaultTarget(): string {
  const { FLOTILLA_PORT: port = '' } = process.env;
  return `http://127.0.0.1:${/^\d+$/.test(port) && port !== '0' ? port : 8080}`;
}
