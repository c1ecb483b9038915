import './log-list.css';
import { useState } from 'react';
import type { LogLine } from '../api/answers.ts';
import { LogRow } from './log-row.tsx';

export interface LogListProps {
  readonly lines: readonly LogLine[];
  readonly label: string;
  /** Where all lines are of one service. */
  readonly hidesService?: boolean;
  /** Where all lines are of one trace: a line then links to its span. */
  readonly inTrace?: boolean;
  /** The line that the reader came for. */
  readonly markedId?: string | undefined;
  readonly onExpand?: () => void;
}

/** Log lines; each opens to all it has. */
export function LogList({ lines, label, hidesService = false, inTrace = false, markedId, onExpand }: LogListProps) {
  const [openIds, setOpenIds] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => {
    if (!openIds.has(id)) onExpand?.();
    setOpenIds((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  };
  return (
    <ol className="log-list" aria-label={label} data-no-service={hidesService || undefined}>
      {lines.map((line) => (
        <LogRow
          key={line.id}
          line={line}
          isOpen={openIds.has(String(line.id))}
          isMarked={String(line.id) === markedId}
          inTrace={inTrace}
          onToggle={toggle}
        />
      ))}
    </ol>
  );
}
