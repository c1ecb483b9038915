import type { Context } from '../concurrency/index.ts';
import { fieldsOf } from './fields.ts';

/**
 * # Lanes
 *
 * A lane is a named test environment that lives beside the baseline: a few changed services, and of the rest those of the
 * baseline. Its name is the field `lane` of a call, of an instance and, later, of a message; '' is the baseline. One rule
 * says who serves whom, {@link servingLane}, and it holds for everything that is served:
 *
 * - **Calls.** A call goes to the instances of its lane where the service has some, else to the baseline, and keeps its
 *   lane for the next hop. A call of no lane never goes to a lane's instance.
 * - **Messages** (the contract for `stream`). A message carries the lane of the call that sent it, as the header
 *   `flotilla-lane`. Each lane that consumes has a consumer group of its own, `<group>.<lane>`; a group takes a message if
 *   the message's serving lane, among the lanes that have a live group, is its own, and passes over all others. So each
 *   message is taken by one group: the lane's while it lives, the baseline's from then on.
 * - **Data** (the contract for `data`). What a lane writes must not be seen by the baseline: {@link LaneIsolation}.
 */
export function laneOf(ctx: Context): string {
  return fieldsOf(ctx).lane;
}

/** The lane that serves a call of `lane`: itself where it is there, else the baseline. */
export function servingLane(lane: string, isThere: (lane: string) => boolean): string {
  return lane === '' || isThere(lane) ? lane : '';
}

/**
 * How a store keeps what a lane writes from the baseline:
 *
 * - `prefix`: keys of a lane begin with `lane:<name>:`; reads see the lane's own keys only. For caches and queues.
 * - `shadow`: a table or database of the lane's own, empty or a copy at its start. Reads and writes go there.
 * - `refuse`: reads go to the baseline's data; a write of a lane is refused with `failed_precondition`, reason `NO_SHADOW`,
 *   unless the operation is marked safe. The default of a store that has no shadow.
 */
export type LaneIsolation = 'prefix' | 'shadow' | 'refuse';

/** As in a host name, so that `<lane>.localhost` can choose it. */
const name = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether the text may be the name of a lane: 1 to 63 lower-case letters, digits and dashes, no dash at either end. */
export function isLaneName(text: string): boolean {
  return name.test(text);
}
