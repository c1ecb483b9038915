import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { StatusError } from '../errors/index.ts';
import type { RestartStep } from './rolling-restart.ts';

/**
 * What commands say to a fleet that runs, and what it answers: lines of JSON over a local socket that only the user who
 * runs the fleet can open. A conversation is one request and its answers; either side ends it by closing the socket.
 */
export type ControlRequest =
  /** Answered with `fleet`. The conversation stays open until the fleet ends, so that the asker learns of it. */
  | { readonly command: 'describe' }
  /** `services`: none means all. Answered with `step`s and one `restarted`. Given up with the conversation. */
  | { readonly command: 'restart'; readonly services: readonly string[]; readonly isRolling: boolean };

export type ControlReply =
  | { readonly type: 'fleet'; readonly fleet: FleetCard }
  | ({ readonly type: 'step' } & { readonly step: RestartStep })
  | { readonly type: 'restarted'; readonly result: RestartResult }
  | { readonly type: 'error'; readonly reason: string; readonly message: string };

/** What a fleet tells of itself. */
export interface FleetCard {
  readonly pid: number;
  /** Absolute. */
  readonly fleetFile: string;
  readonly services: readonly string[];
  /** Where registry, collector and console are. */
  readonly backendUrl: string;
  /** The public addresses, by service. */
  readonly publicUrls: Readonly<Record<string, string>>;
}

export interface RestartResult {
  readonly replaced: number;
  readonly of: number;
  /** Why it was given up, for the operator; undefined if all were replaced. */
  readonly failure: string | undefined;
}

/** Longer paths cannot be bound (`sun_path` has 104 bytes on macOS, 108 on Linux). */
const maxSocketPath = 100;

/** Where the fleet of this data directory listens: in the directory, or, if the path is too long, in the user's own of `/tmp`. */
export function controlSocketPath(dataDir: string): string {
  const path = join(dataDir, 'control.sock');
  if (Buffer.byteLength(path) <= maxSocketPath) return path;
  const { uid } = userInfo();
  const directory = join(tmpdir(), `flotilla-${uid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = lstatSync(directory);
  if (owner !== uid || (mode & 0o077) !== 0) {
    throw new StatusError(
      'failed_precondition',
      `${directory} is not this user's alone; remove it, or use a shorter --data-dir`,
      {
        reason: 'UNSAFE_DIRECTORY',
      },
    );
  }
  return join(directory, `${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}.sock`);
}

/** The request, or undefined for anything else. */
export function readRequest(line: string): ControlRequest | undefined {
  const value = parse(line);
  if (value?.command === 'describe') return { command: 'describe' };
  if (value?.command !== 'restart') return undefined;
  const { services, isRolling } = value;
  if (!Array.isArray(services) || !services.every((name) => typeof name === 'string')) return undefined;
  return { command: 'restart', services, isRolling: isRolling === true };
}

/** A reply of the same program, checked as far as the type. */
export function readReply(line: string): ControlReply | undefined {
  const value = parse(line);
  const isKnown = ['fleet', 'step', 'restarted', 'error'].includes(String(value?.type));
  return isKnown ? (value as unknown as ControlReply) : undefined;
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
