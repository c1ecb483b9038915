import './attribute-table.css';
import type { Attributes } from '../api/answers.ts';

/** Names and values, in alphabetical order. What is not text is shown as JSON; line breaks are kept (stacks). */
export function AttributeTable({ attributes, label }: { readonly attributes: Attributes; readonly label: string }) {
  const entries = Object.entries(attributes).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return null;
  return (
    <dl className="attributes" aria-label={label}>
      {entries.map(([name, value]) => {
        const text = textOf(value);
        return (
          <div key={name} className="attribute" data-block={text.includes('\n') || undefined}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        );
      })}
    </dl>
  );
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '(empty)' : value;
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).some((each) => typeof each === 'string' && each.includes('\n'))
    ? Object.entries(value)
        .map(([name, each]) => `${name}: ${typeof each === 'string' ? each : JSON.stringify(each)}`)
        .join('\n')
    : JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, ' ');
}
