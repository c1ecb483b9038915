import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Load } from './rows.ts';

export interface WrkResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
}

export interface WrkOptions {
  readonly port: number;
  /** Whole seconds: wrk takes no others. */
  readonly seconds: number;
  /** Runs the command: `taskset -c 1`. */
  readonly prefix: readonly string[];
}

/** 64 connections that are kept, each of which sends its next request when it has been answered. */
export async function runWrk(load: Load, { port, seconds, prefix }: WrkOptions): Promise<WrkResult> {
  const script = fileURLToPath(new URL('load.lua', import.meta.url));
  const options = ['-t1', '-c64', `-d${seconds}s`, '--timeout', '10s', '-s', script];
  const url = `http://127.0.0.1:${port}${load.path}`;
  const [command = '', ...args] = [...prefix, 'wrk', ...options, url, '--', ...scriptArguments(load)];
  const { stdout } = await promisify(execFile)(command, args);
  return parseWrk(stdout);
}

/** What wrk printed. Throws if any request failed: an answer that is an error may be quicker than the right one. */
export function parseWrk(output: string): WrkResult {
  const trouble = /^\s*(Socket errors|Non-2xx or 3xx responses):.*$/m.exec(output);
  if (trouble !== null) throw new Error(`wrk: ${trouble[0].trim()}`);
  const requests = Number(/^\s*(\d+) requests in /m.exec(output)?.[1]);
  const requestsPerSecond = Number(/^Requests\/sec:\s*([\d.]+)/m.exec(output)?.[1]);
  if (!(requests > 0) || !(requestsPerSecond > 0)) throw new Error(`wrk printed no result:\n${output}`);
  return { requests, requestsPerSecond };
}

function scriptArguments({ method, headers, body = '', pipeline = 1 }: Load): string[] {
  return [String(pipeline), method, body, ...Object.entries(headers).flat()];
}
