export interface NameOptions {
  /** For people: shown by `dumpTasks` and in errors. Default: none. */
  readonly name?: string;
}

/** The tool for a person: `mutex "accounts"`. */
export function titled(kind: string, name: string | undefined): string {
  return name === undefined ? kind : `${kind} "${name}"`;
}

/** A key for a person; of an object only that it is one, since its text may be anything. */
export function nameOf(key: unknown): string {
  if (typeof key === 'object' || typeof key === 'function') return `a key of type ${typeof key}`;
  return `"${String(key)}"`;
}
