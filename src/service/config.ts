import { readFile, stat } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { StatusError } from '../errors/index.ts';
import { ConfigLoader, invalidConfig } from './config-loader.ts';
import { shapeOf } from './config-shape.ts';
import type { Schema } from './validate.ts';

/** Plain values in plain objects, as YAML and JSON have them. */
export type ConfigTree = Readonly<Record<string, unknown>>;

/** Where a configuration comes from, lowest first: defaults, file, environment, flags. */
export interface ConfigOptions {
  /** What holds where nothing else is said. Default: none; a schema may have defaults of its own. */
  readonly defaults?: ConfigTree;
  /** A YAML or JSON file of at most 1 MiB. `optional`: it need not exist. Default: no file. */
  readonly file?: string | { readonly path: string; readonly optional?: boolean };
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Which environment variables are meant: with `LIVE_`, `LIVE_DATABASE_URL` is `database.url` and `LIVE_POOL_SIZE` is
   * `poolSize`. Where the validator does not tell its keys, each `_` starts a level. Default: only those of `mapping`.
   */
  readonly prefix?: string;
  /** Further variables by name: `{ DATABASE_URL: 'database.url' }`. Default: none. */
  readonly mapping?: Readonly<Record<string, string>>;
  /** Parsed flags, or the arguments: `--database-url=x`, `--database.url x`, `--verbose`, `--no-verbose`. Default: none. */
  readonly flags?: Readonly<Record<string, unknown>> | readonly string[];
  /** Paths whose values are never shown, beside those that look or are declared so. Default: none. */
  readonly secrets?: readonly string[];
}

/**
 * The configuration that the schema makes of defaults < file < environment < flags. Objects are merged key by key, lists
 * and values replaced; `null` in a file and an empty variable count as not said. Texts from the environment and flags
 * become the number, boolean, list (`a,b` or JSON) that the schema asks for.
 *
 * Throws `invalid_argument` INVALID_CONFIG that names every problem with its path, value, source and valid range; for an
 * unknown key the nearest known one. The value of a secret is never shown: a path that ends like `password`, `token` or
 * `key`, one that the schema declares (`format: password`, `writeOnly`), one in `secrets`.
 */
export async function loadConfig<T>(schema: Schema<T>, options: ConfigOptions = {}): Promise<T> {
  const loader = new ConfigLoader(shapeOf(schema), options);
  if (options.defaults !== undefined) loader.addTree(options.defaults, 'defaults');
  const { file } = options;
  if (file !== undefined) await addFile(loader, typeof file === 'string' ? { path: file } : file);
  loader.addEnvironment();
  loader.addFlags();
  loader.fillSections();
  const checked = await schema['~standard'].validate(loader.tree);
  for (const issue of checked.issues ?? []) loader.addIssue(issue);
  if (checked.issues === undefined && loader.problems.size === 0) return checked.value;
  throw loader.failure();
}

const maxFileBytes = 1024 * 1024;
/** Aliases of aliases of aliases would fill the memory from a few lines. */
const maxAliases = 100;

async function addFile(
  loader: ConfigLoader,
  file: { readonly path: string; readonly optional?: boolean },
): Promise<void> {
  const { path, optional = false } = file;
  const text = await readConfigFile(path, optional);
  if (text === undefined) return;
  const lines = new LineCounter();
  // JSON is read as YAML too: a parser's message that quotes the text could quote a secret, and this one is told not to.
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw invalidConfig(`${path}:${line}:${col}: ${error.message}; write it as YAML or JSON`, { file: path });
  }
  const tree = toPlain(document, path);
  if (tree === null || tree === undefined) return;
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    throw invalidConfig(
      `${path} holds ${Array.isArray(tree) ? 'a list' : 'one value'}; it must hold keys with values`,
      { file: path },
    );
  }
  loader.addTree(tree as ConfigTree, path);
}

function toPlain(document: ReturnType<typeof parseDocument>, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    throw invalidConfig(
      `${path}: its aliases cannot be resolved, or to more than ${maxAliases} values`,
      { file: path },
      error,
    );
  }
}

async function readConfigFile(path: string, optional: boolean): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes)
      throw invalidConfig(`${path} has ${size} bytes; a configuration may have ${maxFileBytes}`, { file: path });
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof StatusError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing && optional) return undefined;
    throw invalidConfig(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}); check its path and permissions`,
      { file: path },
      error,
    );
  }
}
