import { readFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, resolve, sep } from 'node:path';

/** No program of a fleet is near it; a bound all the same. */
const maxFiles = 20_000;

/**
 * For each entry file the files that it loads, itself included, without what lies in a `node_modules`. Reads the import
 * statements with a pattern, not a parser: a specifier in a comment costs a needless restart, nothing more. Computed
 * specifiers are not seen.
 */
export async function filesBehind(entries: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const imports = new Map<string, Promise<readonly string[]>>();
  const importsOf = (file: string) => {
    let found = imports.get(file);
    if (found === undefined) {
      found = readFile(file, 'utf8').then(
        (source) => resolveAll(file, specifiers(source)),
        () => [],
      );
      imports.set(file, found);
    }
    return found;
  };
  return new Map(await Promise.all(entries.map(async (entry) => [entry, await reach(entry, importsOf)] as const)));
}

async function reach(
  entry: string,
  importsOf: (file: string) => Promise<readonly string[]>,
): Promise<ReadonlySet<string>> {
  const seen = new Set([entry]);
  let edge: readonly string[] = [entry];
  while (edge.length > 0 && seen.size < maxFiles) {
    const next: string[] = [];
    for (const found of await Promise.all(edge.map(importsOf))) {
      for (const file of found) {
        if (seen.has(file)) continue;
        seen.add(file);
        next.push(file);
      }
    }
    edge = next;
  }
  return seen;
}

const patterns = [
  /(?:^|[\n;}])\s*(?:import|export)\s+(?!type\b)[^'"`;]*?from\s*['"]([^'"\n]+)['"]/g,
  /(?:^|[\n;}])\s*import\s*['"]([^'"\n]+)['"]/g,
  /\bimport\s*\(\s*['"]([^'"\n]+)['"]/g,
  /\bnew\s+URL\s*\(\s*['"](\.[^'"\n]+)['"]\s*,\s*import\.meta\.url/g,
];

/** What a module names in its import and export statements, dynamic imports and `new URL(..., import.meta.url)`. Types are left out. */
export function specifiers(source: string): string[] {
  return patterns.flatMap((pattern) => Array.from(source.matchAll(pattern), (match) => match[1] ?? ''));
}

function resolveAll(file: string, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    if (name.startsWith('.')) return [resolve(dirname(file), name)];
    if (isBuiltin(name)) return [];
    try {
      const found = createRequire(file).resolve(name);
      return found.includes(`${sep}node_modules${sep}`) ? [] : [found];
    } catch {
      return [];
    }
  });
}
