import './range-picker.css';
import { useState } from 'react';
import { fromLocalInput, toLocalInput } from '../format/time.ts';
import { formatPlace, paramsOf } from '../routing/place.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import {
  boundsOf,
  describeRange,
  type LastName,
  lastLabels,
  lastNames,
  parseRange,
  rangeParams,
  type TimeRange,
} from './time-range.ts';

/** Chooses the time that the view shows. It stands in the address, and goes along from view to view. */
export function RangePicker() {
  const place = usePlace();
  const range = parseRange(place.params);
  const [isOpen, setIsOpen] = useState(false);
  const choose = (next: TimeRange) => {
    setIsOpen(false);
    navigate(formatPlace(place.path, { ...paramsOf(place), ...rangeParams(next) }));
  };
  const change = (value: string) => {
    if (value === 'custom') setIsOpen(true);
    else if (value !== 'between') choose({ kind: 'last', name: value as LastName });
  };
  return (
    <div className="range">
      <select
        className="input"
        aria-label="Time range"
        value={range.kind === 'between' ? 'between' : range.name}
        onChange={(event) => change(event.target.value)}
      >
        {range.kind === 'between' && <option value="between">{describeRange(range, Date.now())}</option>}
        {lastNames.map((name) => (
          <option key={name} value={name}>
            {lastLabels[name]}
          </option>
        ))}
        <option value="custom">Other…</option>
      </select>
      {isOpen && <CustomRange range={range} onChoose={choose} onCancel={() => setIsOpen(false)} />}
    </div>
  );
}

interface CustomRangeProps {
  readonly range: TimeRange;
  readonly onChoose: (range: TimeRange) => void;
  readonly onCancel: () => void;
}

function CustomRange({ range, onChoose, onCancel }: CustomRangeProps) {
  const [nowMs] = useState(() => Date.now());
  const bounds = boundsOf(range, nowMs);
  const [from, setFrom] = useState(toLocalInput(bounds.sinceMs));
  const [to, setTo] = useState(toLocalInput(bounds.untilMs ?? nowMs));
  const [fromMs, toMs] = [fromLocalInput(from), fromLocalInput(to)];
  const isValid = fromMs !== undefined && toMs !== undefined && fromMs < toMs;
  return (
    <form
      className="range-custom"
      aria-label="Other time range"
      onSubmit={(event) => {
        event.preventDefault();
        if (isValid) onChoose({ kind: 'between', fromMs, toMs });
      }}
      onKeyDown={(event) => event.key === 'Escape' && onCancel()}
    >
      <label className="field">
        <span>From</span>
        <input
          className="input"
          type="datetime-local"
          step="1"
          // biome-ignore lint/a11y/noAutofocus: the form opened because the reader asked for it
          autoFocus
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label className="field">
        <span>To</span>
        <input
          className="input"
          type="datetime-local"
          step="1"
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
      </label>
      <p className="range-hint" aria-live="polite">
        {isValid ? ' ' : 'The start must lie before the end.'}
      </p>
      <div className="range-actions">
        <button type="button" className="button" data-kind="quiet" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button" disabled={!isValid}>
          Apply
        </button>
      </div>
    </form>
  );
}
