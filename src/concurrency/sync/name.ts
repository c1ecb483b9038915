export interface NameOptions {
  /** For people: shown by `dumpTasks` and in errors. Default: none. */
  readonly name?: string;
}

/** The tool for a person: `mutex "accounts"`. */
export function titled(kind: string, name: string | undefined): string {
  return name === undefined ? kind : `${kind} "${name}"`;
}
