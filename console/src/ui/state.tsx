import './state.css';
import type { ReactNode } from 'react';
import type { RequestError } from '../api/collector-client.ts';

export interface EmptyStateProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** In a small part of a page, where nothing is the normal case. */
  readonly isQuiet?: boolean;
}

/** What stands where there is nothing to show: what it is, and what to do. */
export function EmptyState({ title, children, isQuiet = false }: EmptyStateProps) {
  return (
    <div className="state" role="status" data-quiet={isQuiet || undefined}>
      <p className="state-title">{title}</p>
      {children !== undefined && <div className="state-text">{children}</div>}
    </div>
  );
}

/** Why there is nothing to show. That the collector is away is said by the banner already, so this stays calm about it. */
export function ErrorState({ error, onRetry }: { readonly error: RequestError; readonly onRetry: () => void }) {
  return (
    <div className="state" role="status">
      <p className="state-title">
        {error.kind === 'away' ? 'Waiting for the collector' : 'The collector refused this request'}
      </p>
      <div className="state-text">
        {error.message}
        {error.kind === 'refused' && error.reason !== '' && <code> {error.reason}</code>}
      </div>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

/** Rows to come. As tall as what will replace them. */
export function Skeleton({ rows, rowPx = 32 }: { readonly rows: number; readonly rowPx?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <div key={index} className="skeleton-row" style={{ height: rowPx }}>
          <span style={{ width: `${38 + ((index * 29) % 47)}%` }} />
        </div>
      ))}
    </div>
  );
}
