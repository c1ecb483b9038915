import {
  type Child,
  CounterChild,
  Family,
  GaugeChild,
  HistogramChild,
  type MetricFamily,
  type MetricKind,
  ObservedChild,
} from './instruments.ts';
import type { Counter, Gauge, Histogram, Metric, MetricOptions, Metrics } from './telemetry.ts';

/** All metrics of one telemetry, by name. */
export class MetricsRegistry implements Metrics {
  readonly #families = new Map<string, Family<Child>>();

  /** In the order in which they were made. */
  get families(): Iterable<MetricFamily> {
    return this.#families.values();
  }

  counter(name: string, options: MetricOptions = {}): Metric<Counter> {
    return this.#family(name, 'counter', options, (values) => new CounterChild(values)) as Family<CounterChild>;
  }

  gauge(name: string, options: MetricOptions = {}): Metric<Gauge> {
    return this.#family(name, 'gauge', options, (values) => new GaugeChild(values)) as Family<GaugeChild>;
  }

  histogram(name: string, options: MetricOptions = {}): Metric<Histogram> {
    const family: Family<Child> = this.#family(
      name,
      'histogram',
      options,
      (values) => new HistogramChild(values, family.bounds),
    );
    return family as Family<HistogramChild>;
  }

  observe(name: string, options: MetricOptions, read: () => number): void {
    this.#observe(name, 'gauge', options, read);
  }

  /** The same for a value that only grows. */
  observeCounter(name: string, options: MetricOptions, read: () => number): void {
    this.#observe(name, 'counter', options, read);
  }

  #observe(name: string, kind: MetricKind, options: MetricOptions, read: () => number): void {
    if (options.labels !== undefined && options.labels.length > 0) {
      throw new TypeError(`metric ${name} is observed and cannot have labels; use a gauge for each child`);
    }
    if (this.#families.has(name)) throw new TypeError(`metric ${name} exists already and cannot be observed as well`);
    this.#family(name, kind, options, () => new ObservedChild(read)).with();
  }

  #family(
    name: string,
    kind: MetricKind,
    options: MetricOptions,
    make: (labelValues: readonly string[] | undefined) => Child,
  ): Family<Child> {
    const known = this.#families.get(name);
    if (known === undefined) {
      check(name, kind, options);
      const family = new Family(name, kind, options, make);
      this.#families.set(name, family);
      return family;
    }
    const labels = options.labels ?? [];
    if (known.kind !== kind || known.labelNames.join() !== labels.join()) {
      throw new TypeError(
        `metric ${name} is a ${known.kind} with labels [${known.labelNames.join(', ')}]; ` +
          `it cannot also be a ${kind} with labels [${labels.join(', ')}]`,
      );
    }
    return known;
  }
}

/** OpenTelemetry's instrument name syntax. */
const namePattern = /^[A-Za-z][\w.\-/]{0,254}$/;
const labelPattern = /^[A-Za-z_][\w.]{0,127}$/;

function check(name: string, kind: MetricKind, { labels = [], bounds }: MetricOptions): void {
  if (!namePattern.test(name)) {
    throw new TypeError(
      `metric name ${JSON.stringify(name)} must be a letter, then at most 254 of A-Z a-z 0-9 _ . - /`,
    );
  }
  const wrong = labels.find((label) => !labelPattern.test(label));
  if (wrong !== undefined) {
    throw new TypeError(
      `metric ${name}: label ${JSON.stringify(wrong)} must be a letter, then at most 127 of A-Z a-z 0-9 _ .`,
    );
  }
  if (bounds === undefined) return;
  if (kind !== 'histogram') throw new TypeError(`metric ${name}: only a histogram has bounds, this is a ${kind}`);
  const isGrowing = bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!));
  if (!isGrowing) throw new TypeError(`metric ${name}: bounds ${bounds.join(', ')} must be finite and grow`);
}
