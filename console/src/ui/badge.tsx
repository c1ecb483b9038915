import './badge.css';
import type { ReactNode } from 'react';

export type Tone = 'ok' | 'warn' | 'error' | 'gone' | 'plain';

/** A word on a tinted ground. The word carries the meaning, the tint only repeats it. */
export function Badge({
  tone,
  children,
  title,
}: {
  readonly tone: Tone;
  readonly children: ReactNode;
  readonly title?: string;
}) {
  return (
    <span className="badge" data-tone={tone} title={title}>
      {children}
    </span>
  );
}

/** The level of a log line. */
export function LevelBadge({ level }: { readonly level: string }) {
  return (
    <span className="level" data-level={level}>
      {level}
    </span>
  );
}
