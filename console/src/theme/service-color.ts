/** Hues that nobody confuses, none of them the red of errors: `--series-0` … `--series-6` in tokens.css, then the same darker. */
export const hueCount = 7;

export const colorCount = 2 * hueCount;

/**
 * A colour for each service, the same at every visit: the hash of its name picks the hue, and of two services that hash to
 * the same one the second in the alphabet moves on to the next free hue. The eighth service begins with the darker colours;
 * beyond fourteen they repeat.
 */
export function assignColors(services: Iterable<string>): ReadonlyMap<string, number> {
  const assigned = new Map<string, number>();
  let taken = new Set<number>();
  for (const service of [...new Set(services)].sort()) {
    if (taken.size === hueCount) taken = new Set();
    let hue = hashColor(service);
    while (taken.has(hue)) hue = (hue + 1) % hueCount;
    taken.add(hue);
    assigned.set(service, hue + hueCount * (Math.floor(assigned.size / hueCount) % 2));
  }
  return assigned;
}

/** FNV-1a, folded onto the hues. */
export function hashColor(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash >>> 16) ^ (hash & 0xffff)) % hueCount;
}
