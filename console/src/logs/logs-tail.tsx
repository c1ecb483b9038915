import { formatCount } from '../format/number.ts';
import { Panel } from '../ui/panel.tsx';
import { Skeleton } from '../ui/state.tsx';
import type { LogFilters } from './log-filters.ts';
import { LogList } from './log-list.tsx';
import { NoLogs } from './no-logs.tsx';
import { OlderLogs } from './older-logs.tsx';
import { type Tail, useTail } from './use-tail.ts';

/** The live tail: newest on top, paused by the button or by opening a line. */
export function LogsTail({ filters }: { readonly filters: LogFilters }) {
  const tail = useTail(filters);
  const { shown } = tail.buffer;
  return (
    <Panel title="Live tail" className="logs-panel" aside={<TailStatus tail={tail} />}>
      {shown.length > 0 && <LogList lines={shown} label="Log lines" onExpand={tail.pause} />}
      {shown.length === 0 && !tail.isFilled && <Skeleton rows={14} rowPx={27} />}
      {shown.length === 0 && tail.isFilled && <NoLogs filters={filters} isFollowing />}
      {shown.length > 0 && <OlderLogs filters={filters} oldest={shown.at(-1)!} onLines={tail.addOlder} />}
    </Panel>
  );
}

function TailStatus({ tail }: { readonly tail: Tail }) {
  const { held, dropped, isPaused, shown } = tail.buffer;
  return (
    <>
      <span className="tail-status" data-state={isPaused ? 'paused' : tail.state} role="status">
        <i aria-hidden="true" />
        {isPaused ? 'Paused' : stateTexts[tail.state]}
      </span>
      <span className="number tail-counts">
        {isPaused && `${formatCount(held.length)} new held back`}
        {!isPaused && `${formatCount(shown.length)} lines`}
        {dropped > 0 && <span className="bad"> · {formatCount(dropped)} dropped</span>}
      </span>
      <button
        type="button"
        className="button tail-pause"
        data-size="small"
        onClick={isPaused ? tail.resume : tail.pause}
      >
        {isPaused ? 'Resume' : 'Pause'}
      </button>
    </>
  );
}

const stateTexts = { connecting: 'Connecting', live: 'Live', broken: 'Reconnecting' } as const;
