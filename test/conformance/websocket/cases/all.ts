import type { Case } from '../case.ts';
import { closing } from './closing.ts';
import { compression } from './compression.ts';
import { fragments, sizeLimits } from './fragments.ts';
import { framing } from './framing.ts';
import { utf8 } from './utf8.ts';

/** All sections by name. */
export const sections: Readonly<Record<string, readonly Case[]>> = {
  framing,
  fragments,
  'size limits': sizeLimits,
  closing,
  'UTF-8': utf8,
  compression,
};
