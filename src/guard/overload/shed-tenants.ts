import type { ShedTenant } from './overload-guard.ts';

const maxTenants = 100;
const shown = 10;

/**
 * Who was refused most, in bounded memory: a newcomer takes the place of whoever was refused least, and its count, so that
 * those at the top are right and those at the bottom may be guesses (space saving).
 */
export class ShedTenants {
  readonly #counts = new Map<string, number>();

  add(tenant: string): void {
    if (tenant === '') return;
    const count = this.#counts.get(tenant);
    if (count !== undefined) this.#counts.set(tenant, count + 1);
    else if (this.#counts.size < maxTenants) this.#counts.set(tenant, 1);
    else this.#replace(tenant);
  }

  top(): readonly ShedTenant[] {
    return [...this.#counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, shown)
      .map(([tenant, refused]) => ({ tenant, refused }));
  }

  #replace(tenant: string): void {
    let least: string | undefined;
    let leastCount = Number.POSITIVE_INFINITY;
    for (const [name, count] of this.#counts) {
      if (count >= leastCount) continue;
      least = name;
      leastCount = count;
      if (count === 1) break;
    }
    if (least !== undefined) this.#counts.delete(least);
    this.#counts.set(tenant, leastCount + 1);
  }
}
