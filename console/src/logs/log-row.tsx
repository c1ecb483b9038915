import { memo, useCallback } from 'react';
import type { LogLine } from '../api/answers.ts';
import { shortenMethods } from '../format/method-name.ts';
import { formatDateTime, formatTime } from '../format/time.ts';
import { links } from '../routing/links.ts';
import { LevelBadge } from '../ui/badge.tsx';
import { ServiceName } from '../ui/service-name.tsx';
import { LogDetail } from './log-detail.tsx';
import { previewOf } from './preview.ts';

export interface LogRowProps {
  readonly line: LogLine;
  readonly isOpen: boolean;
  readonly isMarked: boolean;
  readonly inTrace: boolean;
  readonly onToggle: (id: string) => void;
}

/** One line: time, level, service and message; the whole of it opens and closes the details. */
export const LogRow = memo(function LogRow({ line, isOpen, isMarked, inTrace, onToggle }: LogRowProps) {
  const scrollHere = useCallback(
    (element: HTMLLIElement | null) => {
      if (isMarked) element?.scrollIntoView({ block: 'center' });
    },
    [isMarked],
  );
  const hasTrace = line.traceId !== null && line.traceId !== '';
  return (
    <li
      ref={scrollHere}
      className="log-row"
      data-level={line.level}
      data-marked={isMarked || undefined}
      data-open={isOpen || undefined}
    >
      <div className="log-line">
        <button type="button" className="log-toggle" aria-expanded={isOpen} onClick={() => onToggle(String(line.id))}>
          <span className="log-time number" title={formatDateTime(line.timeMs)}>
            {formatTime(line.timeMs)}
          </span>
          <LevelBadge level={line.level} />
          <span className="log-service">
            <ServiceName name={line.service} />
          </span>
          <span className="log-message">
            {shortenMethods(line.message)}
            {previewOf(line.attributes, line.message).map(([name, value]) => (
              <span key={name} className="log-preview">
                {name}=<b>{value}</b>
              </span>
            ))}
          </span>
        </button>
        {hasTrace && (
          <a
            className="log-trace"
            href={links.trace(line.traceId!, line.spanId)}
            aria-label={inTrace ? 'Show span' : 'Open trace'}
          >
            {inTrace ? 'span' : 'trace'}
          </a>
        )}
      </div>
      {isOpen && <LogDetail line={line} inTrace={inTrace} />}
    </li>
  );
});
