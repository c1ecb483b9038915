import type { Works } from '../concurrency/work.ts';

interface PeerWorks {
  readonly works: Readonly<Record<string, Works>>;
  /** Why there are none. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** What the libraries of this folder's package.json do; skipped where they are not installed. */
export async function peerWorks(): Promise<PeerWorks> {
  try {
    const { effectChannelWorks, effectGeneratorWorks } = await import('./effect-channels.ts');
    const { effectTaskWorks } = await import('./effect-tasks.ts');
    const { cspWorks } = await import('./csp.ts');
    const { asyncMutexWorks, fastqWorks, pLimitWorks } = await import('./limits.ts');
    const works = {
      effect: { ...effectChannelWorks, ...effectTaskWorks },
      'effect-generators': effectGeneratorWorks,
      '@thi.ng/csp': cspWorks,
      'async-mutex': asyncMutexWorks,
      'p-limit': pLimitWorks,
      fastq: fastqWorks,
    };
    return { works, skipped: {} };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const reason = 'not installed; `npm run bench -- concurrency` installs them into bench/peers';
    return { works: {}, skipped: { 'effect, @thi.ng/csp, async-mutex, p-limit, fastq': reason } };
  }
}
