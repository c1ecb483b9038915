import './waterfall.css';
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import { formatDuration } from '../format/duration.ts';
import { trimZeros } from '../format/trim-zeros.ts';
import type { Segment } from './critical-path.ts';
import { rulerTicks } from './ruler.ts';
import { type SpanNode, type SpanTree, visibleRows } from './span-tree.ts';
import { type TimeWindow, WaterfallRow } from './waterfall-row.tsx';

/** More rows than this are not drawn at once: whoever has them collapses or searches. */
export const maxRows = 2000;

export interface WaterfallProps {
  readonly tree: SpanTree;
  readonly window: TimeWindow;
  readonly path: ReadonlyMap<string, readonly Segment[]>;
  readonly collapsed: ReadonlySet<string>;
  readonly selectedId: string | undefined;
  /** Spans that the reader looks for; undefined if for none. */
  readonly hits: ReadonlySet<string> | undefined;
  readonly onSelect: (spanId: string | undefined) => void;
  readonly onToggle: (spanId: string) => void;
}

/**
 * The spans of a trace as a tree. Arrow keys move as in any tree: up and down through the rows, left closes or goes to
 * the parent, right opens or goes to the first child; Enter shows a span's details, Escape hides them.
 */
export function Waterfall(props: WaterfallProps) {
  const { tree, window, path, collapsed, selectedId, hits, onSelect, onToggle } = props;
  const grid = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => visibleRows(tree, collapsed), [tree, collapsed]);
  const shown = rows.length > maxRows ? rows.slice(0, maxRows) : rows;
  const currentId = shown.some((row) => row.span.spanId === selectedId) ? selectedId : shown[0]?.span.spanId;
  useEffect(() => {
    if (selectedId !== undefined) document.getElementById(`span-${selectedId}`)?.scrollIntoView({ block: 'nearest' });
  }, [selectedId]);

  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const focusedId = (event.target as HTMLElement).closest('[role=treeitem]')?.id.slice('span-'.length);
    const index = shown.findIndex((row) => row.span.spanId === focusedId);
    if (index < 0) return;
    const target = moveFrom(shown, index, event.key, collapsed, { onSelect, onToggle });
    if (target === undefined) return;
    event.preventDefault();
    if (target === index) return;
    const id = shown[target]!.span.spanId;
    grid.current?.querySelector<HTMLElement>(`#span-${CSS.escape(id)}`)?.focus();
    if (selectedId !== undefined) onSelect(id);
  };
  return (
    <div ref={grid} className="waterfall" role="tree" aria-label="Waterfall" onKeyDown={onKey}>
      <Ruler tree={tree} window={window} />
      {shown.map((node) => (
        <WaterfallRow
          key={node.span.spanId}
          node={node}
          window={window}
          path={path.get(node.span.spanId)}
          isCollapsed={collapsed.has(node.span.spanId)}
          isSelected={node.span.spanId === selectedId}
          isCurrent={node.span.spanId === currentId}
          match={hits === undefined ? 'none' : hits.has(node.span.spanId) ? 'hit' : 'miss'}
          onSelect={onSelect}
          onToggle={onToggle}
        />
      ))}
      {rows.length > shown.length && (
        <p className="waterfall-rest">
          {rows.length - shown.length} more spans are not drawn: collapse some that are, or search for them by text.
        </p>
      )}
    </div>
  );
}

type Actions = Pick<WaterfallProps, 'onSelect' | 'onToggle'>;

/** The row that a key leads to; the same one where the key did something there; undefined for keys that mean nothing. */
function moveFrom(
  rows: readonly SpanNode[],
  index: number,
  key: string,
  collapsed: ReadonlySet<string>,
  actions: Actions,
): number | undefined {
  const { span, children, depth } = rows[index]!;
  const isOpen = children.length > 0 && !collapsed.has(span.spanId);
  switch (key) {
    case 'ArrowDown':
      return Math.min(rows.length - 1, index + 1);
    case 'ArrowUp':
      return Math.max(0, index - 1);
    case 'Home':
      return 0;
    case 'End':
      return rows.length - 1;
    case 'ArrowLeft':
      if (!isOpen)
        return Math.max(
          0,
          rows.slice(0, index).findLastIndex((row) => row.depth < depth),
        );
      actions.onToggle(span.spanId);
      return index;
    case 'ArrowRight':
      if (children.length > 0 && !isOpen) actions.onToggle(span.spanId);
      return isOpen ? index + 1 : index;
    case 'Enter':
    case ' ':
      actions.onSelect(span.spanId);
      return index;
    case 'Escape':
      actions.onSelect(undefined);
      return index;
    default:
      return undefined;
  }
}

function Ruler({ tree, window }: { readonly tree: SpanTree; readonly window: TimeWindow }) {
  const ticks = rulerTicks(window.fromMs, window.toMs, tree.startMs, 5);
  return (
    <div className="ruler" aria-hidden="true">
      <div className="ruler-name">Span</div>
      <div className="ruler-time">
        {ticks.map((ms) => {
          const left = ((ms - window.fromMs) / (window.toMs - window.fromMs)) * 100;
          return (
            <span key={ms} className="number" style={{ left: `${left}%` }}>
              {trimZeros(formatDuration(ms - tree.startMs))}
            </span>
          );
        })}
      </div>
    </div>
  );
}
