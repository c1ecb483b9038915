/** How many colours there are: `--series-0` … `--series-11` in tokens.css, neighbours far apart in hue, none of them the red of errors. */
export const colorCount = 12;

/**
 * A colour for each service, the same at every visit: the hash of its name picks it, and of two services that hash to the
 * same one the second in the alphabet moves on to the next free colour. Beyond twelve services colours repeat.
 */
export function assignColors(services: Iterable<string>): ReadonlyMap<string, number> {
  const assigned = new Map<string, number>();
  const taken = new Set<number>();
  for (const service of [...new Set(services)].sort()) {
    let color = hashColor(service);
    if (taken.size < colorCount) while (taken.has(color)) color = (color + 1) % colorCount;
    taken.add(color);
    assigned.set(service, color);
  }
  return assigned;
}

/** FNV-1a, folded onto the palette. */
export function hashColor(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash >>> 16) ^ (hash & 0xffff)) % colorCount;
}
