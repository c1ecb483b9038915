import * as errors from '../errors/index.ts';

/** What to do about a failure that many meet, by the reason or code of a link of its chain. */
const fixes: Readonly<Record<string, string>> = {
  ADDRESS_IN_USE: 'stop the program that uses the port, or choose another (FLOTILLA_PORT, FLOTILLA_ADMIN_PORT)',
  EADDRINUSE: 'stop the program that uses the port, or choose another (FLOTILLA_PORT, FLOTILLA_ADMIN_PORT)',
  EACCES: 'take a port above 1023 and a directory that this user may write (FLOTILLA_DATA_DIR)',
  ENOSPC: 'free some disk space, or set FLOTILLA_DATA_DIR to another disk',
  ERR_MODULE_NOT_FOUND: 'run npm install, and check the path of the import',
  INVALID_CONFIG: 'correct the value at the source that the message names',
  REGISTRY_UNREACHABLE: 'start the registry first, or correct FLOTILLA_REGISTRY_URL',
  INVALID_INSTANCE: 'correct the name, lane, weight or metadata given to app({ ... })',
  NOT_READY: 'start what the check needs, or correct its address in the configuration',
  deadline_exceeded: 'see which step took so long in the log; raise startMs if it needs the time',
};

export interface StartFailure {
  readonly service: string;
  /** One line: what went wrong. */
  readonly cause: string;
  /** One line: what to do. */
  readonly fix: string;
  /** The code of Node or of the StatusError, for a program. */
  readonly code: string;
}

/** What to tell a person about a start that failed. */
export function explainStart(service: string, error: unknown): StartFailure {
  const links = errors.chain(error);
  const keys = links
    .flatMap((link) => [property(link, 'reason'), property(link, 'code')])
    .filter((key) => key !== undefined);
  const known = keys.find((key) => key in fixes);
  const top = errors.from(error);
  return {
    service,
    cause: withoutPrefix(top.message, `start ${service}: `),
    fix: known === undefined ? 'see the stack below: it shows where the start failed' : fixes[known]!,
    code: known ?? top.code,
  };
}

/** The message for a terminal. */
export function formatStartFailure({ service, cause, fix }: StartFailure, error: unknown): string {
  return `${service} could not start\n  cause: ${cause}\n  fix:   ${fix}\n${errors.format(error).replace(/^/gm, '  ')}\n`;
}

function property(link: unknown, name: 'reason' | 'code'): string | undefined {
  const value = (link as Record<string, unknown> | null)?.[name];
  return typeof value === 'string' ? value : undefined;
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}
