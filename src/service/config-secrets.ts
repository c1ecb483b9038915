const mask = '[secret]';
/** A shorter secret than this is not taken out of texts: it would be found in every word. */
const minQuotedLength = 3;

/** What is said of a value. */
export interface Shown {
  /** The value for a person: short, secrets masked, a URL without its user and password. */
  readonly text: string;
  /** The same text without the secrets that it quotes from the value. */
  without(text: string): string;
}

/** Shows the value at a path of a configuration; `isSecret` tells of each path whether its value is one. */
export function show(value: unknown, path: string, isSecret: (path: string) => boolean): Shown {
  const secrets: string[] = [];
  const shown = masked(value, path, isSecret, secrets);
  const json = shown === mask ? mask : (JSON.stringify(shown) ?? String(shown));
  const clean = json.replace(/(\w+:\/\/)[^/@\s"]+@/g, `$1${mask}@`);
  return {
    text: clean.length > 100 ? `${clean.slice(0, 100)}…` : clean,
    without: (text) => secrets.reduce((left, secret) => left.replaceAll(secret, mask), text),
  };
}

function masked(value: unknown, path: string, isSecret: (path: string) => boolean, secrets: string[]): unknown {
  if (isSecret(path)) {
    secrets.push(...textsOf(value).filter((text) => text.length >= minQuotedLength));
    return mask;
  }
  const below = (child: unknown, key: string | number) =>
    masked(child, path === '' ? String(key) : `${path}.${key}`, isSecret, secrets);
  if (Array.isArray(value)) return value.map(below);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, below(child, key)]));
}

function textsOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [String(value)];
}
