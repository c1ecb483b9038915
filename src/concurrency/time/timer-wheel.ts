import { type Linked, LinkedList } from '../parking/linked-list.ts';

/** An entry of the wheel: extend it, and `insert` it once at a time. */
export abstract class WheelEntry implements Linked<WheelEntry> {
  previous: WheelEntry | undefined = undefined;
  next: WheelEntry | undefined = undefined;
  list: Slot | undefined = undefined;
  /** When it is due, in ticks (whole numbers from 0). */
  tick: number;

  constructor(tick: number) {
    this.tick = tick;
  }

  abstract fire(): void;
}

const slotBits = 5;
const slotsPerLevel = 1 << slotBits;
const slotMask = slotsPerLevel - 1;
const levelCount = 6;
/** The wheel reaches this many ticks beyond its base; what is later waits in the last slot and is sorted in again. */
const reach = 2 ** (slotBits * levelCount) - 1;
/** When this much of the reach is used up, the base moves. */
const rebaseAt = 2 ** (slotBits * levelCount - 1);

/**
 * Timers in constant time each, however many there are: a hierarchical timing wheel (Varghese and Lauck, 1987, scheme 7).
 * Level 0 has a slot per tick, level 1 a slot per 32 ticks, and so on; when the time reaches a slot of a higher level,
 * its entries move down. An entry's level is that of the highest group of 5 bits in which its tick differs from the
 * current one, so that within a level no slot before the current one is ever in use, and the lowest bit of the lowest
 * level's bitmap is what comes next. Pure: ticks in, `fire` calls out.
 *
 * Entries of one tick fire in the order in which they were inserted.
 */
export class TimerWheel {
  readonly #levels = Array.from({ length: levelCount }, (_, level) => new Level(level));
  /** Relative ticks are 30 bits wide, so that they are small integers; the base makes up the rest. */
  #base = 0;
  #elapsed = 0;
  #size = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** Enters an entry. One whose tick has passed fires with the next `advance`. */
  insert(entry: WheelEntry): void {
    const relative = Math.min(Math.max(entry.tick - this.#base, this.#elapsed), reach);
    const difference = relative ^ this.#elapsed;
    const level = difference === 0 ? 0 : Math.trunc((31 - Math.clz32(difference)) / slotBits);
    this.#levels[level]!.add(entry, (relative >>> (level * slotBits)) & slotMask);
    this.#size++;
  }

  /** Takes an entry out, and reports whether it was in. */
  remove(entry: WheelEntry): boolean {
    if (entry.list === undefined) return false;
    entry.list.remove(entry);
    this.#size--;
    return true;
  }

  /** The tick by which `advance` must be called next: not later than the first entry's. Undefined: there is none. */
  next(): number | undefined {
    const level = this.#firstLevel();
    return level === undefined ? undefined : this.#base + level.start(this.#elapsed);
  }

  /** Fires all that are due at `tick` or before, also those that a `fire` inserts on the way. Errors of `fire` pass through. */
  advance(tick: number): void {
    for (;;) {
      const level = this.#firstLevel();
      if (level === undefined || this.#base + level.start(this.#elapsed) > tick) break;
      this.#elapsed = level.start(this.#elapsed);
      if (level === this.#levels[0]) this.#fire(level.first());
      else for (const entry of this.#take(level.first())) this.insert(entry);
    }
    this.#elapsed = Math.max(this.#elapsed, Math.min(tick - this.#base, reach));
    if (this.#elapsed >= rebaseAt) this.#rebase();
  }

  #fire(slot: Slot): void {
    for (let entry = slot.head; entry !== undefined; entry = slot.head) {
      // Only what lies beyond the reach can be here too early: the last tick of all.
      if (entry.tick > this.#base + this.#elapsed) {
        this.#rebase();
        return;
      }
      this.remove(entry);
      entry.fire();
    }
  }

  /** Makes the current tick the base. */
  #rebase(): void {
    const entries = this.#levels.flatMap((level) => level.slots.flatMap((slot) => this.#take(slot)));
    this.#base += this.#elapsed;
    this.#elapsed = 0;
    for (const entry of entries) this.insert(entry);
  }

  #take(slot: Slot): WheelEntry[] {
    const entries = [...slot];
    for (const entry of entries) this.remove(entry);
    return entries;
  }

  #firstLevel(): Level | undefined {
    for (const level of this.#levels) if (level.used !== 0) return level;
    return undefined;
  }
}

/** 32 slots, and which of them are in use. */
class Level {
  readonly #shift: number;
  readonly slots: readonly Slot[];
  /** A bit per slot. */
  used = 0;

  constructor(level: number) {
    this.#shift = level * slotBits;
    this.slots = Array.from({ length: slotsPerLevel }, (_, index) => new Slot(this, index));
  }

  add(entry: WheelEntry, index: number): void {
    this.slots[index]!.push(entry);
    this.used |= 1 << index;
  }

  first(): Slot {
    return this.slots[this.#firstIndex()]!;
  }

  /** When the first slot in use begins, given the current tick, both relative. Not before it: see the wheel. */
  start(elapsed: number): number {
    const above = this.#shift + slotBits;
    return ((elapsed >>> above) << above) | (this.#firstIndex() << this.#shift);
  }

  #firstIndex(): number {
    return 31 - Math.clz32(this.used & -this.used);
  }
}

class Slot extends LinkedList<WheelEntry> {
  readonly #level: Level;
  readonly #bit: number;

  constructor(level: Level, index: number) {
    super();
    this.#level = level;
    this.#bit = 1 << index;
  }

  override remove(entry: WheelEntry): void {
    super.remove(entry);
    if (this.head === undefined) this.#level.used &= ~this.#bit;
  }
}
