import type { StandardSchemaV1 } from '@standard-schema/spec';
import { StatusError } from '../errors/index.ts';
import type { ConfigOptions, ConfigTree } from './config.ts';
import { flagOf, nearest, parseText, pathOfName, upperName } from './config-names.ts';
import { show } from './config-secrets.ts';
import type { Shape } from './config-shape.ts';

const maxProblems = 16;
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const secretName = /(secret|password|passwd|passphrase|token|credential|private|key|dsn)s?$/i;

/** Collects the layers of a configuration, lowest first, and everything that is wrong with them. */
export class ConfigLoader {
  readonly tree: Record<string, unknown> = {};
  /** Path to what is wrong with it. */
  readonly problems = new Map<string, string>();
  readonly #shape: Shape | undefined;
  readonly #options: ConfigOptions;
  readonly #sources = new Map<string, string>();

  constructor(shape: Shape | undefined, options: ConfigOptions) {
    this.#shape = shape;
    this.#options = options;
    if (options.prefix?.startsWith('FLOTILLA')) {
      throw new TypeError(
        `loadConfig: the prefix "${options.prefix}" is the framework's; take one of your own, like "LIVE_"`,
      );
    }
  }

  addTree(tree: ConfigTree, source: string, above: readonly string[] = []): void {
    const parent = above.join('.');
    for (const [key, value] of Object.entries(tree)) {
      const keys = [...above, key];
      if (!this.#isKnown(keys.join('.'), parent)) {
        const siblings = [...this.#known()].filter((known) => parentOf(known) === parent).map(lastOf);
        this.#unknown(keys.join('.'), `in ${source}`, nearest(key, siblings));
      } else if (isRecord(value)) this.addTree(value, source, keys);
      else if (value !== null && value !== undefined) this.#set(keys, value, source);
    }
  }

  addEnvironment(): void {
    const { env = process.env, prefix, mapping = {} } = this.#options;
    for (const [name, text] of Object.entries(env)) {
      if (text === undefined || text === '') continue;
      const mapped = Object.hasOwn(mapping, name) ? mapping[name] : undefined;
      if (mapped !== undefined) this.#setText(mapped, text, `environment ${name}`);
      else if (prefix !== undefined && prefix !== '' && name.startsWith(prefix)) this.#addVariable(name, text, prefix);
    }
  }

  #addVariable(name: string, text: string, prefix: string): void {
    const rest = name.slice(prefix.length);
    const path = this.#shape === undefined ? rest.toLowerCase().replaceAll('_', '.') : pathOfName(this.#shape, rest);
    if (path !== undefined) this.#setText(path, text, `environment ${name}`);
    else
      this.#unknown(
        name,
        'in the environment',
        nearest(
          name,
          [...this.#leaves()].map((leaf) => prefix + upperName(leaf)),
        ),
      );
  }

  addFlags(): void {
    const { flags = {} } = this.#options;
    const entries = Array.isArray(flags) ? this.#parseArguments(flags) : Object.entries(flags);
    for (const [name, value] of entries) {
      if (value === undefined) continue;
      const path = this.#shape === undefined ? name : this.#pathOf(name);
      const flag = flagOf(name);
      if (path === undefined) this.#unknown(flag, 'among the flags', nearest(flag, [...this.#leaves()].map(flagOf)));
      else if (typeof value === 'string') this.#setText(path, value, `flag ${flag}`);
      else this.#set(path.split('.'), value, `flag ${flag}`);
    }
  }

  #parseArguments(args: readonly string[]): [string, unknown][] {
    const entries: [string, unknown][] = [];
    for (let i = 0; i < args.length; i++) {
      const match = /^--([^=]+)(?:=(.*))?$/s.exec(args[i]!);
      if (match === null) {
        this.problems.set(args[i]!, `"${args[i]}" is no flag; write --name=value`);
        continue;
      }
      const [, name = '', given] = match;
      const next = args[i + 1];
      if (given !== undefined) entries.push([name, given]);
      else if (name.startsWith('no-') && this.#pathOf(name) === undefined) entries.push([name.slice(3), false]);
      else if (next !== undefined && !next.startsWith('--') && !this.#isBoolean(name)) {
        entries.push([name, next]);
        i++;
      } else entries.push([name, true]);
    }
    return entries;
  }

  /** Sections that must be there are, if empty: the validator then says which of their values is missing. */
  fillSections(): void {
    for (const path of this.#shape?.required ?? []) {
      const parent = valueAt(this.tree, parentOf(path));
      if (isRecord(parent)) parent[lastOf(path)] ??= {};
    }
  }

  /** An issue of the validator, with what the value was and who said it. */
  addIssue(issue: StandardSchemaV1.Issue): void {
    const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    if (this.problems.has(path)) return;
    const value = valueAt(this.tree, path);
    const shown = show(value, path, (at) => this.#isSecret(at));
    const leaf = this.#shape?.leaves.get(path);
    const said = value === undefined ? 'is not set' : `is ${shown.text} (${this.#sourceOf(path)})`;
    const valid = leaf === undefined || leaf.valid === '' ? '' : `; valid: ${leaf.valid}`;
    const fix = value === undefined && path !== '' ? `; set ${this.#placesFor(path)}` : '';
    this.problems.set(path, `${path || 'the whole'} ${said}: ${shown.without(issue.message)}${valid}${fix}`);
  }

  failure(): StatusError {
    const problems = [...this.problems].slice(0, maxProblems);
    const left = this.problems.size - problems.length;
    const lines = problems.map(([, text]) => (this.problems.size === 1 ? ` ${text}` : `\n  ${text}`));
    return invalidConfig(
      `invalid configuration:${lines.join('')}${left > 0 ? `\n  and ${left} more` : ''}`,
      Object.fromEntries(problems),
    );
  }

  #setText(path: string, text: string, source: string): void {
    this.#set(path.split('.'), parseText(text, this.#shape?.leaves.get(path)), source);
  }

  #set(keys: readonly string[], value: unknown, source: string): void {
    const path = keys.join('.');
    if (keys.some((key) => forbiddenKeys.has(key))) {
      this.#unknown(path, `in ${source}`, undefined);
      return;
    }
    let at = this.tree;
    for (const key of keys.slice(0, -1)) {
      if (!isRecord(at[key])) at[key] = {};
      at = at[key] as Record<string, unknown>;
    }
    at[keys.at(-1)!] = value;
    this.#sources.set(path, source);
  }

  #isKnown(path: string, parent: string): boolean {
    if (forbiddenKeys.has(lastOf(path))) return false;
    const shape = this.#shape;
    if (shape === undefined || shape.leaves.has(path) || shape.sections.has(path)) return true;
    for (let at = parent; ; at = parentOf(at)) {
      if (shape.open.has(at)) return true;
      if (at === '') return false;
    }
  }

  #unknown(name: string, where: string, near: string | undefined): void {
    this.problems.set(name, `unknown key "${name}" ${where}${near === undefined ? '' : `; did you mean "${near}"?`}`);
  }

  *#known(): Iterable<string> {
    yield* this.#leaves();
    yield* this.#shape?.sections ?? [];
  }

  #leaves(): Iterable<string> {
    return this.#shape?.leaves.keys() ?? [];
  }

  /** The path that a flag means, as far as the shape tells. */
  #pathOf(name: string): string | undefined {
    return this.#shape === undefined ? undefined : pathOfName(this.#shape, name);
  }

  #isBoolean(name: string): boolean {
    const path = this.#pathOf(name);
    return path !== undefined && this.#shape?.leaves.get(path)?.types.has('boolean') === true;
  }

  #isSecret(path: string): boolean {
    const { secrets = [] } = this.#options;
    for (let at = path; at !== ''; at = parentOf(at)) {
      if (secrets.includes(at) || secretName.test(lastOf(at)) || this.#shape?.leaves.get(at)?.secret) return true;
    }
    return false;
  }

  #sourceOf(path: string): string {
    for (let at = path; at !== ''; at = parentOf(at)) {
      const source = this.#sources.get(at);
      if (source !== undefined) return source;
    }
    return 'several sources';
  }

  #placesFor(path: string): string {
    const { prefix, mapping = {}, file } = this.#options;
    const variable =
      Object.keys(mapping).find((name) => mapping[name] === path) ?? (prefix ? prefix + upperName(path) : undefined);
    const inFile = file === undefined ? undefined : `"${path}" in ${typeof file === 'string' ? file : file.path}`;
    return (
      [variable, inFile, this.#options.flags === undefined ? undefined : flagOf(path)].filter(Boolean).join(' or ') ||
      `"${path}"`
    );
  }
}

/** What every failure to load a configuration is. */
export function invalidConfig(
  message: string,
  metadata: Readonly<Record<string, string>> = {},
  cause?: unknown,
): StatusError {
  return new StatusError('invalid_argument', message, {
    reason: 'INVALID_CONFIG',
    metadata,
    ...(cause !== undefined && { cause }),
  });
}

function valueAt(tree: ConfigTree, path: string): unknown {
  let at: unknown = tree;
  for (const key of path === '' ? [] : path.split('.'))
    at = isRecord(at) || Array.isArray(at) ? (at as ConfigTree)[key] : undefined;
  return at;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
