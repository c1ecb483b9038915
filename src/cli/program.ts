import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command, CommanderError } from 'commander';
import * as errors from '../errors/index.ts';
import { laneCommand } from './lane-command.ts';
import { loadCommand } from './load-command.ts';
import { restartCommand } from './restart-command.ts';
import { upCommand } from './up-command.ts';

/** Where the command line was wrong. */
const usageError = 2;

/**
 * Runs `flotilla` with these arguments (without the program's own name) and resolves with the exit code: 0, 1 where the
 * command failed, 2 where the command line is wrong.
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('flotilla')
    .description('The service stack for TypeScript: run a fleet, put load on it.')
    .version(version(), '-V, --version')
    .showHelpAfterError('(flotilla --help lists commands and flags)')
    .showSuggestionAfterError()
    .exitOverride();
  dropEmptySettings(process.env);
  const exit = (result: number) => {
    code = result;
  };
  for (const command of [upCommand(exit), restartCommand(exit), laneCommand(exit), loadCommand(exit)]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
    process.stderr.write(`flotilla: ${describe(error)}\n`);
    return 1;
  }
}

/** `FLOTILLA_PORT= flotilla up` means the default, not a port without digits. */
function dropEmptySettings(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) if (name.startsWith('FLOTILLA_') && env[name] === '') delete env[name];
}

/** What an operator can act on is told in a sentence; anything else is a bug, and its stack is needed. */
function describe(error: unknown): string {
  return errors.isStatusError(error) && error.code !== 'unknown' && error.code !== 'internal'
    ? error.message
    : errors.format(error);
}

function version(): string {
  const file = findPackageJSON('..', import.meta.url);
  if (file === undefined) return 'unknown';
  const { version: text }: { version?: unknown } = JSON.parse(readFileSync(file, 'utf8'));
  return String(text);
}
