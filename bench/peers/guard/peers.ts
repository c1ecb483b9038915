import type { Works } from '../../guard/work.ts';

interface PeerGuards {
  readonly works: Readonly<Record<string, Works>>;
  /** Why there are none. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** The libraries that guard calls; skipped where they are not installed. */
export async function peerGuards(): Promise<PeerGuards> {
  try {
    const { cockatielWorks, opossumWorks } = await import('./breakers.ts');
    const { bottleneckWorks, fastifyWorks, flexibleWorks } = await import('./limiters.ts');
    const works = {
      cockatiel: cockatielWorks,
      opossum: opossumWorks,
      bottleneck: bottleneckWorks,
      'rate-limiter-flexible': flexibleWorks,
      '@fastify/rate-limit': fastifyWorks,
    };
    return { works, skipped: {} };
  } catch (error) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
    const reason = 'not installed; `npm run bench -- guard` installs them into bench/peers';
    return {
      works: {},
      skipped: { 'cockatiel, opossum, bottleneck, rate-limiter-flexible, @fastify/rate-limit': reason },
    };
  }
}
