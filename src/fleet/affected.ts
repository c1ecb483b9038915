import { dirname, sep } from 'node:path';
import { filesBehind } from './imports.ts';
import type { Unit } from './plan.ts';

const tests = /\.(test|contract|bench)\.[cm]?[jt]sx?$/;

/**
 * The units that a change of these files concerns: those that import one of them, and those in whose own directory one
 * lies (a page, a migration), tests excepted. A directory that several services or the fleet file share is nobody's own.
 */
export async function affectedUnits(
  units: readonly Unit[],
  changed: readonly string[],
  fleetFile: string,
): Promise<readonly Unit[]> {
  const files = changed.filter((file) => !tests.test(file));
  if (files.length === 0) return [];
  const entries = units.flatMap((unit) => entriesOf(unit));
  const behind = await filesBehind(entries);
  const homes = entries.map((entry) => dirname(entry));
  const isOwn = (home: string) => home !== dirname(fleetFile) && homes.filter((one) => one === home).length === 1;
  return units.filter((unit) =>
    entriesOf(unit).some((entry) => {
      const home = dirname(entry);
      return files.some((file) => behind.get(entry)?.has(file) || (isOwn(home) && file.startsWith(home + sep)));
    }),
  );
}

function entriesOf(unit: Unit): readonly string[] {
  return [...new Set([unit.entry, ...unit.services.map((service) => service.entry)])];
}
