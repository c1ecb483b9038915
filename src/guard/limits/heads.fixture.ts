import { type CallFields, type CallHead, defaultFields } from '../../call/index.ts';

/** The head of a call of which only what matters to a test is said. */
export function headOf(fields: Partial<CallFields> = {}, rest: Partial<Omit<CallHead, 'fields'>> = {}): CallHead {
  return {
    service: 'live.room.v1.RoomService',
    method: 'GetRoom',
    sizeBytes: undefined,
    timeoutMs: undefined,
    ...rest,
    fields: { ...defaultFields, ...fields },
  };
}
