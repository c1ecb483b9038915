import * as errors from '../errors/index.ts';

/** What to do about a failure that many meet, by the reason or code of a link of its chain. */
const fixes: Readonly<Record<string, string>> = {
  ADDRESS_IN_USE: 'stop the program that uses the port, or choose another (FLOTILLA_PORT, FLOTILLA_ADMIN_PORT)',
  EADDRINUSE: 'stop the program that uses the port, or choose another (FLOTILLA_PORT, FLOTILLA_ADMIN_PORT)',
  PORT_NOT_PERMITTED: 'choose a port from 1024 to 65535',
  EACCES: 'choose a directory that this user may write (FLOTILLA_DATA_DIR)',
  ENOSPC: 'free some disk space, or set FLOTILLA_DATA_DIR to another disk',
  ERR_MODULE_NOT_FOUND: 'run npm install, and check the path of the import',
  INVALID_CONFIG: 'correct the value at the place that the cause names',
  REGISTRY_UNREACHABLE: 'start the registry first, or correct FLOTILLA_REGISTRY_URL',
  INVALID_INSTANCE: 'correct the name, lane, weight or metadata given to app({ ... }), or FLOTILLA_INSTANCE',
  NOT_READY: 'start what the check needs, or correct its address in the configuration',
  deadline_exceeded: 'find in the log which step takes so long; raise startMs if it needs the time',
};

export interface StartFailure {
  readonly service: string;
  /** What went wrong. */
  readonly cause: string;
  /** What to do, in one line; undefined where nobody knows better than the stack. */
  readonly fix: string | undefined;
  /** The reason, or Node's code, or the canonical code: for a program. */
  readonly code: string;
  /** The whole chain with its stacks. */
  readonly details: string;
}

/** What to tell a person about a start that failed. */
export function explainStart(service: string, error: unknown): StartFailure {
  const { message, code } = errors.from(error);
  const prefix = `start ${service}: `;
  const names = errors.chain(error).flatMap((link) => [text(link, 'reason'), text(link, 'code')]);
  const known = names.find((name) => name !== undefined && name in fixes);
  return {
    service,
    cause: message.startsWith(prefix) ? message.slice(prefix.length) : message,
    fix: known === undefined ? undefined : fixes[known],
    code: known ?? code,
    details: errors.format(error),
  };
}

function text(link: unknown, name: 'reason' | 'code'): string | undefined {
  const value = (link as Record<string, unknown> | null)?.[name];
  return typeof value === 'string' ? value : undefined;
}
