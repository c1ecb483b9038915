import type { MuxSettings } from './settings.ts';

/** What the engine tells its shell, synchronously, and what it asks. */
export interface EngineHooks {
  /** Milliseconds, on the clock of what it is told. */
  now(): number;
  /** There is something to write, for the first time since `out` was emptied: not now, for more may come. */
  onOutput(): void;
  /** There is enough to write it now. */
  onFull(): void;
  /** The other side has said what it takes: calls may begin. */
  onSettings(peer: MuxSettings): void;
  onPong(): void;
  /** The other side begins no more calls, or wants none. */
  onGoAway(code: number, reason: string): void;
  /** The other side has understood that it is to begin no more calls. */
  onGoAwayAck(): void;
}
