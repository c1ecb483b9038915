import type { Leaf, Shape } from './config-shape.ts';

/** `database.poolSize`, `database-pool-size` and `databasePoolSize` alike: `DATABASE_POOL_SIZE`. */
export function upperName(path: string): string {
  return path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[.-]/g, '_')
    .toUpperCase();
}

/** The flag of a path: `database.poolSize` is `--database-pool-size`. */
export function flagOf(path: string): string {
  return `--${path
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('.', '-')
    .toLowerCase()}`;
}

/** The path that a name means, by its upper form; undefined if the shape has none. */
export function pathOfName(shape: Shape, name: string): string | undefined {
  const upper = upperName(name);
  for (const path of shape.leaves.keys()) if (upperName(path) === upper) return path;
  // Under an object that takes any key, what follows its name is the key.
  const open = [...shape.open].filter((path) => path !== '' && upper.startsWith(`${upperName(path)}_`));
  const longest = open.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : `${longest}.${upper.slice(upperName(longest).length + 1).toLowerCase()}`;
}

/** The known name that is closest to a mistyped one, if any is close: at most a third of its letters differ. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** What a text from the environment or a flag means for a value of this type; the text itself if it fits none. */
export function parseText(text: string, leaf: Pick<Leaf, 'types' | 'itemTypes'> | undefined): unknown {
  const types = leaf?.types ?? new Set();
  if (types.has('string') || types.size === 0) return text;
  if ((types.has('integer') || types.has('number')) && text.trim() !== '' && Number.isFinite(Number(text)))
    return Number(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if (types.has('array') && !text.startsWith('[')) {
    const itemTypes = leaf?.itemTypes ?? new Set<string>();
    return text.split(',').map((item) => parseText(item.trim(), { types: itemTypes, itemTypes: new Set() }));
  }
  if (types.has('array') || types.has('object')) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

/** Levenshtein's: how many letters to insert, delete or replace. Names are short, so the plain table will do. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
