import { useCallback, useMemo, useState } from 'react';
import type { LogLine, Trace } from '../api/answers.ts';
import { formatPlace, paramsOf } from '../routing/place.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import { Panel } from '../ui/panel.tsx';
import { ServiceName } from '../ui/service-name.tsx';
import { TextField } from '../ui/text-field.tsx';
import { criticalPath, type Segment, segmentsBySpan } from './critical-path.ts';
import { findSpans } from './find-spans.ts';
import { SpanDetail } from './span-detail.tsx';
import { buildSpanTree, type SpanTree } from './span-tree.ts';
import { TraceOverview } from './trace-overview.tsx';
import { Waterfall } from './waterfall.tsx';
import type { TimeWindow } from './waterfall-row.tsx';

const noPath: ReadonlyMap<string, readonly Segment[]> = new Map();

/** Overview, waterfall and the details of the chosen span. Chosen span, search text and critical path stand in the address. */
export function TracePanel({ trace, lines }: { readonly trace: Trace; readonly lines: readonly LogLine[] }) {
  const place = usePlace();
  const tree = useMemo(() => buildSpanTree(trace.spans), [trace]);
  const segments = useMemo(() => segmentsBySpan(criticalPath(tree)), [tree]);
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [zoom, setZoom] = useState<TimeWindow>();
  const text = place.params.get('find') ?? '';
  const showsPath = place.params.get('path') !== '0';
  const selected = tree.byId.get(place.params.get('span') ?? '');
  const hits = useMemo(() => (text.trim() === '' ? undefined : findSpans(trace.spans, text)), [trace, text]);
  const shut = useMemo(() => withoutAncestors(collapsed, hits, tree), [collapsed, hits, tree]);
  const window = zoom ?? { fromMs: tree.startMs, toMs: Math.max(tree.endMs, tree.startMs + 0.001) };

  const set = (changed: Record<string, string | undefined>) =>
    navigate(formatPlace(place.path, { ...paramsOf(place), ...changed }), { replace: true });
  const select = (span: string | undefined) => set({ span });
  const toggle = useCallback((id: string) => {
    setCollapsed((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  }, []);
  const allCollapsed = collapsed.size > 0;
  return (
    <Panel title="Waterfall" className="trace-panel" aside={<SpansByService tree={tree} />}>
      <div className="trace-tools">
        <TextField
          label="Find in spans"
          type="search"
          value={text}
          placeholder="Name, service or attribute"
          onCommit={(find) => set({ find })}
          isMainSearch
        />
        <span className="muted number trace-hits" role="status">
          {hits === undefined ? '' : `${hits.size} of ${trace.spans.length}`}
        </span>
        <button
          type="button"
          className="button"
          aria-pressed={showsPath}
          onClick={() => set({ path: showsPath ? '0' : undefined })}
        >
          Critical path
        </button>
        <button
          type="button"
          className="button"
          onClick={() => setCollapsed(allCollapsed ? new Set() : parentsOf(tree))}
        >
          {allCollapsed ? 'Expand all' : 'Collapse all'}
        </button>
      </div>
      <TraceOverview tree={tree} window={window} onWindow={setZoom} />
      <div className="trace-split" data-open={selected !== undefined || undefined}>
        <Waterfall
          tree={tree}
          window={window}
          path={showsPath ? segments : noPath}
          collapsed={shut}
          selectedId={selected?.span.spanId}
          hits={hits}
          onSelect={select}
          onToggle={toggle}
        />
        {selected !== undefined && (
          <SpanDetail
            key={selected.span.spanId}
            node={selected}
            tree={tree}
            path={segments.get(selected.span.spanId) ?? []}
            traceId={trace.traceId}
            logs={lines.filter((line) => line.spanId === selected.span.spanId)}
            onClose={() => select(undefined)}
          />
        )}
      </div>
    </Panel>
  );
}

function SpansByService({ tree }: { readonly tree: SpanTree }) {
  const counts = new Map<string, number>();
  for (const { span } of tree.byId.values()) counts.set(span.service, (counts.get(span.service) ?? 0) + 1);
  return (
    <span className="trace-legend">
      {[...counts].map(([service, count]) => (
        <span key={service} className="number">
          <ServiceName name={service} /> {count}
        </span>
      ))}
    </span>
  );
}

/** What the reader looks for is shown even where they had collapsed a span above it. */
function withoutAncestors(collapsed: ReadonlySet<string>, hits: ReadonlySet<string> | undefined, tree: SpanTree) {
  if (hits === undefined || collapsed.size === 0) return collapsed;
  const open = new Set(collapsed);
  const seen = new Set<string>();
  for (const hit of hits) {
    let parent = tree.byId.get(hit)?.span.parentSpanId;
    while (typeof parent === 'string' && !seen.has(parent)) {
      seen.add(parent);
      open.delete(parent);
      parent = tree.byId.get(parent)?.span.parentSpanId;
    }
  }
  return open;
}

/** Every span that has children, except the roots: one level stays open. */
function parentsOf(tree: SpanTree): Set<string> {
  const parents = [...tree.byId.values()].filter((node) => node.children.length > 0 && node.depth > 0);
  return new Set((parents.length > 0 ? parents : tree.roots).map((node) => node.span.spanId));
}
