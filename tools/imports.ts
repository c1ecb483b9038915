import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Sideways } from './floors.ts';

/** One import statement of a source file; `type` imports count like any other. */
export interface Import {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
}

const statement =
  /(?:^|[;\s])(?:import|export)\s(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;

export function importsOf(file: string, text: string): Import[] {
  const code = text
    // A comment follows a space or a bracket: the start of one in a glob ('src/*.ts') is none.
    .replace(/(?<=^|[\s;,([{])\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(statement)].map((match) => ({
    file,
    line: code.slice(0, match.index).split('\n').length,
    specifier: match[1] ?? match[2] ?? '',
  }));
}

/** The TypeScript sources below a folder, tests and fixtures excepted. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\.(test|contract|bench)\.tsx?$/.test(path) && !/[\\/](testdata|gen)[\\/]/.test(path));
}

export interface Rules {
  readonly floors: readonly (readonly string[])[];
  readonly sideways: readonly Sideways[];
  readonly planned: readonly string[];
  readonly packages: Readonly<Record<string, readonly string[]>>;
}

/** Every breach of the rules below `root`, as lines that name file, line and rule. Empty when all is well. */
export function breaches(root: string, rules: Rules): string[] {
  const found: string[] = [];
  const used = new Set<Sideways>();
  const filled = new Set<string>();
  const fromPackages = new Set<string>();
  for (const file of sourceFiles(root)) {
    const area = areaOf(root, file, rules);
    if (area === undefined) {
      found.push(`${relative(root, file)}: is in no area of tools/floors.ts`);
      continue;
    }
    filled.add(area);
    for (const imported of importsOf(file, readFileSync(file, 'utf8'))) {
      fromPackages.add(`${area} ${packageOf(imported.specifier)}`);
      const breach = judge(root, area, imported, rules, used);
      if (breach !== undefined) found.push(`${relative(root, file)}:${imported.line}: ${breach}`);
    }
  }
  for (const area of rules.floors.flat()) {
    if (!filled.has(area) && !rules.planned.includes(area))
      found.push(`tools/floors.ts: the area ${area} has no files`);
    if (filled.has(area) && rules.planned.includes(area))
      found.push(`tools/floors.ts: ${area} has files and is still listed as planned`);
  }
  for (const [area, names] of Object.entries(rules.packages)) {
    for (const name of names)
      if (!fromPackages.has(`${area} ${name}`))
        found.push(`tools/floors.ts: ${area} does not import the package ${name} any more`);
  }
  for (const entry of rules.sideways) {
    if (!used.has(entry)) found.push(`tools/floors.ts: the exception ${entry.from} → ${entry.to} is not used any more`);
    if (entry.reason === '') found.push(`tools/floors.ts: the exception ${entry.from} → ${entry.to} has no reason`);
  }
  return [...found, ...cycles(rules.sideways)];
}

function judge(root: string, area: string, imported: Import, rules: Rules, used: Set<Sideways>): string | undefined {
  const { specifier, file } = imported;
  if (specifier.startsWith('.')) {
    const target = areaOf(root, resolve(dirname(file), specifier), rules);
    if (target === undefined) return `imports ${specifier}, which is in no area`;
    if (target === area) return undefined;
    const [own, other] = [floorOf(area, rules), floorOf(target, rules)];
    if (other < own) return undefined;
    if (other > own) return `${area} imports ${target}, a floor above it`;
    const entry = rules.sideways.find(({ from, to }) => from === area && to === target);
    if (entry === undefined) return `${area} imports ${target} sideways, which tools/floors.ts does not list`;
    used.add(entry);
    return undefined;
  }
  if (specifier.startsWith('node:'))
    return area === 'errors' ? `errors imports ${specifier}; this floor does no I/O` : undefined;
  const name = packageOf(specifier);
  if (name === 'flotilla') return `imports ${specifier}; inside src/ use a relative path`;
  return (rules.packages[area] ?? []).includes(name)
    ? undefined
    : `${area} imports the package ${name}, which tools/floors.ts does not allow it`;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function areaOf(root: string, path: string, rules: Rules): string | undefined {
  const parts = relative(root, path).split(sep);
  const areas = rules.floors.flat();
  return [parts.slice(0, 2).join('/'), parts[0] ?? ''].find((name) => areas.includes(name));
}

function floorOf(area: string, rules: Rules): number {
  return rules.floors.findIndex((floor) => floor.includes(area));
}

function cycles(sideways: readonly Sideways[]): string[] {
  const reaches = (from: string, to: string, seen: string[] = []): boolean =>
    sideways.some(
      (entry) =>
        entry.from === from &&
        (entry.to === to || (!seen.includes(entry.to) && reaches(entry.to, to, [...seen, entry.to]))),
    );
  return sideways
    .filter(({ from }) => reaches(from, from))
    .map(({ from, to }) => `tools/floors.ts: the exception ${from} → ${to} closes a cycle`);
}
