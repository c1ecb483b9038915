import { isLaneName } from '../call/index.ts';
import { StatusError } from '../errors/index.ts';

/** Environment variables: as `process.env`, or what a supervisor lets a colocated service see. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The port in a variable, undefined if it is not set. Throws INVALID_CONFIG if it is not a port. */
export function portIn(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw invalidVariable(name, text, 'a port from 0 (any) to 65535');
}

/** The http or https URL in a variable, undefined if it is not set. */
export function urlIn(env: Environment, name: string): string | undefined {
  const text = env[name];
  if (!text) return undefined;
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw invalidVariable(name, text, 'an http or https URL such as http://127.0.0.1:8081');
}

/** One of some words in a variable, undefined if it is not set. */
export function wordIn<const V extends string>(env: Environment, name: string, words: readonly V[]): V | undefined {
  const text = env[name];
  if (!text) return undefined;
  const word = words.find((one) => one === text);
  if (word === undefined) throw invalidVariable(name, text, `one of ${words.join(', ')}`);
  return word;
}

/** The lane in a variable, '' if it is not set. Throws INVALID_CONFIG if it is no name of a lane. */
export function laneIn(env: Environment, name: string): string {
  const text = env[name] ?? '';
  if (text === '' || isLaneName(text)) return text;
  throw invalidVariable(name, text, 'the name of a lane: 1 to 63 lower-case letters, digits and dashes');
}

function invalidVariable(name: string, value: string, valid: string): StatusError {
  return new StatusError('invalid_argument', `${name} is ${JSON.stringify(value)}; it must be ${valid}`, {
    reason: 'INVALID_CONFIG',
    metadata: { variable: name },
  });
}
