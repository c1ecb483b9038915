import type { Settings } from 'node:http2';
import { version } from './protocol.ts';

/**
 * The setting of HTTP/2 by which a server of ours says that it speaks mux at the same address, from the range for experiments. Settings
 * are of one connection: no proxy passes them on. Who does not know it ignores it (RFC 9113, section 6.5.2).
 */
export const muxSetting = 0xf10a;

/** `flo` and the highest version. */
const magic = 0x666c6f00;

/** What a server of ours says. */
export const muxOffer: Readonly<Record<number, number>> = { [muxSetting]: magic + version };

/** Whether the settings that came offer mux in a version of this side's. */
export function offersMux({ customSettings }: Settings): boolean {
  const said = customSettings?.[muxSetting];
  return said !== undefined && said >= magic + version && said <= magic + 0xff;
}
