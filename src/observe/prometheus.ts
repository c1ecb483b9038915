import type { Child, MetricFamily } from './instruments.ts';
import type { Resource } from './telemetry.ts';

/**
 * The Prometheus text format 0.0.4, with OpenTelemetry's naming rules for it: dots become underscores, the unit is a
 * suffix in full, counters end in `_total`, and the resource is the metric `target_info`.
 */
export function formatPrometheus(resource: Resource, families: Iterable<MetricFamily>): string {
  const { service, version, instance } = resource;
  const target = labelsOf(['service_name', 'service_version', 'service_instance_id'], [service, version, instance]);
  let text = `# HELP target_info Who emits.\n# TYPE target_info gauge\ntarget_info{${target}} 1\n`;
  const used = new Set(['target_info']);
  for (const family of families) {
    const name = exposedName(family);
    // Two OpenTelemetry names may read the same here; a repeated family makes the whole text invalid.
    if (used.has(name)) continue;
    used.add(name);
    text += formatFamily(name, family);
  }
  return text;
}

/** `rpc.server.call.duration` in seconds is `rpc_server_call_duration_seconds`. */
export function exposedName({ name, unit, kind }: Pick<MetricFamily, 'name' | 'unit' | 'kind'>): string {
  let exposed = sanitize(name);
  const suffix = suffixOf(unit, kind);
  if (suffix !== '' && !exposed.endsWith(`_${suffix}`)) exposed += `_${suffix}`;
  if (kind === 'counter' && !exposed.endsWith('_total')) exposed += '_total';
  return exposed;
}

const unitSuffixes: Readonly<Record<string, string>> = {
  ns: 'nanoseconds',
  us: 'microseconds',
  ms: 'milliseconds',
  s: 'seconds',
  min: 'minutes',
  h: 'hours',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  '%': 'percent',
  Cel: 'celsius',
};

/** Annotations such as `{call}` are dropped; `1` is a ratio on a gauge and nothing elsewhere. */
function suffixOf(unit: string, kind: string): string {
  if (unit === '1') return kind === 'gauge' ? 'ratio' : '';
  const plain = unit.replace(/\{[^}]*\}/g, '');
  return unitSuffixes[plain] ?? sanitize(plain).replace(/^_+|_+$/g, '');
}

function sanitize(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]+/g, '_').replace(/_{2,}/g, '_');
}

function formatFamily(name: string, family: MetricFamily): string {
  let text = '';
  if (family.description !== '') text += `# HELP ${name} ${escapeHelp(family.description)}\n`;
  text += `# TYPE ${name} ${family.kind}\n`;
  const labelNames = family.labelNames.map(sanitize);
  for (const child of family.children) {
    const labels =
      child.labelValues === undefined ? 'otel_metric_overflow="true"' : labelsOf(labelNames, child.labelValues);
    text +=
      family.kind === 'histogram' ? formatHistogram(name, labels, family, child) : formatValue(name, labels, child);
  }
  return text;
}

function formatValue(name: string, labels: string, child: Child): string {
  const value = child.read();
  return Number.isNaN(value) ? '' : `${name}${inBraces(labels)} ${number(value)}\n`;
}

function formatHistogram(name: string, labels: string, { bounds }: MetricFamily, { histogram }: Child): string {
  if (histogram === undefined) return '';
  const before = labels === '' ? '' : `${labels},`;
  let text = '';
  let total = 0;
  for (let i = 0; i < bounds.length; i++) {
    total += histogram.counts[i]!;
    text += `${name}_bucket{${before}le="${number(bounds[i]!)}"} ${total}\n`;
  }
  text += `${name}_bucket{${before}le="+Inf"} ${histogram.count}\n`;
  return `${text}${name}_sum${inBraces(labels)} ${number(histogram.sum)}\n${name}_count${inBraces(labels)} ${histogram.count}\n`;
}

function labelsOf(names: readonly string[], values: readonly string[]): string {
  // An empty label is one that is not there (Prometheus data model).
  return names.flatMap((name, i) => (values[i] === '' ? [] : [`${name}="${escapeLabel(values[i]!)}"`])).join(',');
}

function inBraces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
