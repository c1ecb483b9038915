import { useEffect, useState } from 'react';

/** Copies `text`; says so for two seconds, without changing its own width. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [outcome, setOutcome] = useState<'' | 'Copied' | 'Failed'>('');
  useEffect(() => {
    if (outcome === '') return;
    const timer = setTimeout(() => setOutcome(''), 2000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setOutcome('Copied'),
      () => setOutcome('Failed'),
    );
  };
  return (
    <button
      type="button"
      className="button copy"
      data-size="small"
      data-kind="quiet"
      onClick={copy}
      aria-label={label}
      title={label}
    >
      <span aria-live="polite">{outcome === '' ? 'Copy' : outcome}</span>
    </button>
  );
}
