import type { Counter, Gauge, Histogram, Labels, Metric, MetricOptions } from './telemetry.ts';

export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** A metric with all its children: what the exposition and the exporter read. */
export interface MetricFamily {
  readonly name: string;
  readonly kind: MetricKind;
  readonly description: string;
  readonly unit: string;
  readonly labelNames: readonly string[];
  /** Histograms only. */
  readonly bounds: readonly number[];
  readonly children: Iterable<Child>;
}

/** The values of one combination of labels. */
export interface Child {
  /** In the order of the family's label names; undefined for the overflow child. */
  readonly labelValues: readonly string[] | undefined;
  read(): number;
  readonly histogram: HistogramState | undefined;
}

export interface HistogramState {
  /** Values in each bucket, not cumulative; one more than there are bounds. */
  readonly counts: Float64Array;
  readonly sum: number;
  readonly count: number;
}

/** The bounds that OpenTelemetry's conventions give for durations in seconds. */
export const defaultBounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** More children than this, and the rest share one: a label with unbounded values must not fill the memory. */
const maxChildren = 2000;

/** A metric with children of one class. */
export class Family<C extends Child> implements MetricFamily, Metric<C> {
  readonly name: string;
  readonly kind: MetricKind;
  readonly description: string;
  readonly unit: string;
  readonly labelNames: readonly string[];
  readonly bounds: readonly number[];
  readonly #make: (labelValues: readonly string[] | undefined) => C;
  readonly #children = new Map<string, C>();
  #overflow: C | undefined;

  constructor(
    name: string,
    kind: MetricKind,
    options: MetricOptions,
    make: (labelValues: readonly string[] | undefined) => C,
  ) {
    this.name = name;
    this.kind = kind;
    this.description = options.description ?? '';
    this.unit = options.unit ?? '';
    this.labelNames = options.labels ?? [];
    this.bounds = kind === 'histogram' ? (options.bounds ?? defaultBounds) : [];
    this.#make = make;
  }

  get children(): Iterable<C> {
    return this.#overflow === undefined ? this.#children.values() : [...this.#children.values(), this.#overflow];
  }

  with(labels: Labels = {}): C {
    const values = this.labelNames.map((name) => labelValue(this, labels, name));
    if (Object.keys(labels).length !== values.length) {
      throw new TypeError(
        `metric ${this.name} has the labels ${list(this.labelNames)}, not ${list(Object.keys(labels))}`,
      );
    }
    const key = values.length === 1 ? values[0]! : values.join('\u0000');
    let child = this.#children.get(key);
    if (child !== undefined) return child;
    if (this.#children.size >= maxChildren) {
      this.#overflow ??= this.#make(undefined);
      return this.#overflow;
    }
    child = this.#make(values);
    this.#children.set(key, child);
    return child;
  }
}

export class CounterChild implements Counter, Child {
  readonly labelValues: readonly string[] | undefined;
  readonly histogram = undefined;
  #value = 0;

  constructor(labelValues: readonly string[] | undefined) {
    this.labelValues = labelValues;
  }

  /** What is not a number of 0 or more is ignored: a counter that falls would read as a restart. */
  add(n = 1): void {
    if (n >= 0) this.#value += n;
  }

  read(): number {
    return this.#value;
  }
}

export class GaugeChild implements Gauge, Child {
  readonly labelValues: readonly string[] | undefined;
  readonly histogram = undefined;
  #value = 0;

  constructor(labelValues: readonly string[] | undefined) {
    this.labelValues = labelValues;
  }

  set(value: number): void {
    this.#value = value;
  }

  read(): number {
    return this.#value;
  }
}

/** A gauge or counter whose value is asked for. A `read` that throws reads as NaN and is left out. */
export class ObservedChild implements Child {
  readonly labelValues: readonly string[] = [];
  readonly histogram = undefined;
  readonly #read: () => number;

  constructor(read: () => number) {
    this.#read = read;
  }

  read(): number {
    try {
      return this.#read();
    } catch {
      return Number.NaN;
    }
  }
}

export class HistogramChild implements Histogram, Child, HistogramState {
  readonly labelValues: readonly string[] | undefined;
  readonly histogram = this;
  readonly counts: Float64Array;
  sum = 0;
  count = 0;
  readonly #bounds: Float64Array;

  constructor(labelValues: readonly string[] | undefined, bounds: readonly number[]) {
    this.labelValues = labelValues;
    this.#bounds = Float64Array.from(bounds);
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** A bucket holds the values up to and including its bound. NaN is ignored. */
  record(value: number): void {
    if (Number.isNaN(value)) return;
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= bounds[middle]!) high = middle;
      else low = middle + 1;
    }
    this.counts[low]!++;
    this.sum += value;
    this.count++;
  }

  read(): number {
    return this.sum;
  }
}

function labelValue(family: MetricFamily, labels: Labels, name: string): string {
  const value = labels[name];
  if (value === undefined) {
    throw new TypeError(`metric ${family.name} needs the label ${name}; it got ${list(Object.keys(labels))}`);
  }
  return String(value);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
