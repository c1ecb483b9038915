import './lanes.css';

/** A lane by its name; the baseline by that word, muted. */
export function LaneName({ lane }: { readonly lane: string }) {
  return lane === '' ? <span className="muted">baseline</span> : <span className="lane-name">{lane}</span>;
}
