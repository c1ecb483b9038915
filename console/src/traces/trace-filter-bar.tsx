import { formatDuration } from '../format/duration.ts';
import { links } from '../routing/links.ts';
import { navigate } from '../routing/use-place.ts';
import { SelectField } from '../ui/select-field.tsx';
import { ServiceField } from '../ui/service-field.tsx';
import { TextField } from '../ui/text-field.tsx';
import { readDuration, readTraceId, type TraceFilters, type TraceSort } from './trace-filters.ts';

const sorts: readonly (readonly [TraceSort, string])[] = [
  ['newest', 'Newest first'],
  ['slowest', 'Slowest first'],
  ['spans', 'Most spans first'],
];

export interface TraceFilterBarProps {
  readonly filters: TraceFilters;
  /** `replace`: the change is one key stroke among many and no step of its own. */
  readonly onChange: (changed: Partial<TraceFilters>, replace?: boolean) => void;
}

/** The fields of the trace search. A trace id in the text field leads straight to its waterfall. */
export function TraceFilterBar({ filters, onChange }: TraceFilterBarProps) {
  const search = (text: string) => {
    const traceId = readTraceId(text);
    if (traceId !== undefined) navigate(links.trace(traceId));
    else onChange({ q: text.trim() }, true);
  };
  return (
    <search className="filters" aria-label="Trace search">
      <TextField
        label="Text or trace id"
        type="search"
        value={filters.q}
        placeholder="Span or service name, or a trace id"
        onCommit={search}
        doesGrow
        isMainSearch
      />
      <ServiceField value={filters.service} onChange={(service) => onChange({ service })} />
      <TextField
        label="Min duration"
        value={filters.minDurationMs === undefined ? '' : formatDuration(filters.minDurationMs)}
        placeholder="e.g. 100 ms"
        isValid={(text) => text.trim() === '' || readDuration(text) !== undefined}
        onCommit={(text) => onChange({ minDurationMs: readDuration(text) }, true)}
      />
      <SelectField label="Order" value={filters.sort} options={sorts} onChange={(sort) => onChange({ sort })} />
      <button
        type="button"
        className="button"
        aria-pressed={filters.errorsOnly}
        onClick={() => onChange({ errorsOnly: !filters.errorsOnly })}
      >
        Errors only
      </button>
    </search>
  );
}
