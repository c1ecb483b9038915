import { readTraceId } from '../traces/trace-filters.ts';
import { SelectField } from '../ui/select-field.tsx';
import { ServiceField } from '../ui/service-field.tsx';
import { TextField } from '../ui/text-field.tsx';
import { type LogFilters, logLevels, readQuery } from './log-filters.ts';

const levelOptions = [
  ['', 'All levels'],
  ...logLevels.map((level) => [level, level === 'fatal' ? 'fatal' : `${level} and above`] as const),
] as const;

export interface LogFilterBarProps {
  readonly filters: LogFilters;
  /** `replace`: the change is one key stroke among many and no step of its own. */
  readonly onChange: (changed: Partial<LogFilters>, replace?: boolean) => void;
}

/** The fields of the log search. */
export function LogFilterBar({ filters, onChange }: LogFilterBarProps) {
  return (
    <search className="filters" aria-label="Log search">
      <TextField
        label="Full text"
        type="search"
        value={filters.q}
        placeholder="Words, &quot;a phrase&quot;, or field:value"
        onCommit={(text) => onChange(readQuery(text), true)}
        doesGrow
        isMainSearch
      />
      <ServiceField value={filters.service} onChange={(service) => onChange({ service })} />
      <SelectField
        label="Level"
        value={filters.level}
        options={levelOptions}
        onChange={(level) => onChange({ level })}
      />
      <TextField
        label="Trace"
        value={filters.trace}
        placeholder="Trace id"
        isValid={(text) => text.trim() === '' || readTraceId(text) !== undefined}
        onCommit={(text) => onChange({ trace: readTraceId(text) ?? '' }, true)}
      />
    </search>
  );
}
