import './panel.css';
import { type ReactNode, useId } from 'react';

export interface PanelProps {
  readonly title: string;
  /** Beside the title: counts, links, buttons. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
  readonly isBusy?: boolean;
}

/** A titled part of a page; a region with its title as accessible name. */
export function Panel({ title, aside, children, className = '', isBusy = false }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id} aria-busy={isBusy}>
      <header className="panel-head">
        <h2 id={id}>{title}</h2>
        <div className="panel-aside">{aside}</div>
      </header>
      {children}
    </section>
  );
}
