import type { LogLine } from '../api/answers.ts';
import { formatDateTime } from '../format/time.ts';
import { links } from '../routing/links.ts';
import { AttributeTable } from '../ui/attribute-table.tsx';
import { CopyButton } from '../ui/copy-button.tsx';

/** All that a line has, and where to go from it. */
export function LogDetail({ line, inTrace }: { readonly line: LogLine; readonly inTrace: boolean }) {
  const { id, timeMs, service, instance, traceId, spanId, attributes, message, level } = line;
  const hasTrace = traceId !== null && traceId !== '';
  const own = { time: formatDateTime(timeMs), service, instance, ...(hasTrace && { traceId, spanId: spanId ?? '' }) };
  return (
    <div className="log-detail">
      <div className="log-actions">
        {hasTrace && (
          <a className="button" data-size="small" href={links.trace(traceId, spanId)}>
            {inTrace ? 'Show span' : 'Open trace'}
          </a>
        )}
        {hasTrace && (
          <a className="button" data-size="small" href={links.logs({ trace: traceId })}>
            Logs of this trace
          </a>
        )}
        <a className="button" data-size="small" href={links.logs({ service, around: { id: String(id), timeMs } })}>
          Context around this line
        </a>
        <CopyButton
          text={JSON.stringify({ ...own, level, message, ...attributes }, null, 2)}
          label="Copy line as JSON"
        />
      </div>
      <p className="log-full mono">{message}</p>
      <AttributeTable attributes={attributes} label="Attributes" />
      <AttributeTable attributes={own} label="Origin" />
    </div>
  );
}
