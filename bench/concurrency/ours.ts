import { channelWorks } from './channels.ts';
import { contextWorks } from './contexts.ts';
import { lockWorks } from './locks.ts';
import { taskWorks } from './tasks.ts';
import type { Works } from './work.ts';

/** What flotilla does: every row. */
export const ourWorks: Works = { ...channelWorks, ...lockWorks, ...taskWorks, ...contextWorks };
