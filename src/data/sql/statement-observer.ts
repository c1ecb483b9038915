import type { CompiledQuery, OperationNode, QueryResult } from 'kysely';
import { withFields } from '../../call/index.ts';
import type { Context } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { type Histogram, type Metric, type Span, type Telemetry, telemetryOf } from '../../observe/index.ts';

/** A longer statement is cut in its span: one with a thousand placeholders tells no more. */
const maxTextLength = 2_000;
/** Label sets that are remembered per process; beyond that the metric's own overflow handles it. */
const maxChildren = 2_000;

/**
 * Emits a client span and a duration for every statement, named by OpenTelemetry's database conventions:
 * `select message`, `db.client.operation.duration`. The text has placeholders only, so no value gets out.
 */
export class StatementObserver {
  readonly #system: string;
  readonly #namespace: string;
  readonly #instruments = new WeakMap<Telemetry, Instruments>();

  constructor(system: string, namespace: string) {
    this.#system = system;
    this.#namespace = namespace;
  }

  async observe<T>(ctx: Context, query: CompiledQuery, run: (ctx: Context) => Promise<T>): Promise<T> {
    const statement = this.#start(ctx, query);
    try {
      const result = await run(statement.ctx);
      statement.end(undefined);
      return result;
    } catch (error) {
      statement.end(error);
      throw error;
    }
  }

  /** The same for a stream: the span ends with it. */
  async *follow(
    ctx: Context,
    query: CompiledQuery,
    open: (ctx: Context) => AsyncIterableIterator<QueryResult<unknown>>,
  ): AsyncIterableIterator<QueryResult<unknown>> {
    const statement = this.#start(ctx, query);
    let failure: unknown;
    try {
      yield* open(statement.ctx);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      statement.end(failure);
    }
  }

  /** Records how long a call waited for its connection. */
  waited(ctx: Context, ms: number): void {
    this.#of(ctx).wait.record(ms / 1000);
  }

  #start(parent: Context, query: CompiledQuery): { readonly ctx: Context; end(error: unknown): void } {
    const instruments = this.#of(parent);
    const { operation, table } = describe(query);
    const name = table === '' ? operation : `${operation} ${table}`;
    const span: Span = telemetryOf(parent).tracer.start(parent, name, {
      kind: 'client',
      attributes: {
        'db.system.name': this.#system,
        'db.namespace': this.#namespace,
        'db.operation.name': operation,
        'db.query.text': query.sql.length > maxTextLength ? `${query.sql.slice(0, maxTextLength)}…` : query.sql,
        ...(table !== '' && { 'db.collection.name': table }),
      },
    });
    const ctx = span.recording ? withFields(parent, { trace: span.context }) : parent;
    const started = parent.clock.now();
    return {
      ctx,
      end: (error) => {
        const code = error === undefined ? 'ok' : errors.from(error).code;
        instruments.duration(operation, table, code).record((parent.clock.now() - started) / 1000);
        if (error !== undefined) span.fail(error);
        span.end();
      },
    };
  }

  #of(ctx: Context): Instruments {
    const telemetry = telemetryOf(ctx);
    let instruments = this.#instruments.get(telemetry);
    if (instruments === undefined) {
      instruments = new Instruments(telemetry, this.#system);
      this.#instruments.set(telemetry, instruments);
    }
    return instruments;
  }
}

class Instruments {
  readonly wait: Histogram;
  readonly #system: string;
  readonly #durations: Metric<Histogram>;
  readonly #children = new Map<string, Histogram>();

  constructor(telemetry: Telemetry, system: string) {
    this.#system = system;
    this.#durations = telemetry.metrics.histogram('db.client.operation.duration', {
      description: 'Time of one SQL statement, without the wait for a connection.',
      unit: 's',
      labels: ['system', 'operation', 'table', 'code'],
    });
    this.wait = telemetry.metrics
      .histogram('db.client.connection.wait_time', {
        description: 'Time that a call waited for a connection, and a write for its turn.',
        unit: 's',
        labels: ['system'],
      })
      .with({ system });
  }

  duration(operation: string, table: string, code: string): Histogram {
    const key = `${operation} ${table} ${code}`;
    let child = this.#children.get(key);
    if (child === undefined) {
      child = this.#durations.with({ system: this.#system, operation, table, code });
      if (this.#children.size < maxChildren) this.#children.set(key, child);
    }
    return child;
  }
}

/** The operation and the first table of a query. Raw SQL gives its first word and no table. */
function describe(query: CompiledQuery): { readonly operation: string; readonly table: string } {
  const node = query.query;
  switch (node.kind) {
    case 'SelectQueryNode':
      return { operation: 'select', table: tableOf(node.from?.froms[0]) };
    case 'InsertQueryNode':
      return { operation: node.replace ? 'replace' : 'insert', table: tableOf(node.into) };
    case 'UpdateQueryNode':
      return { operation: 'update', table: tableOf(node.table) };
    case 'DeleteQueryNode':
      return { operation: 'delete', table: tableOf(node.from.froms[0]) };
    default:
      return { operation: /^\s*([a-z]+)/i.exec(query.sql)?.[1]?.toLowerCase() ?? 'statement', table: '' };
  }
}

function tableOf(node: OperationNode | undefined): string {
  if (node === undefined) return '';
  if (node.kind === 'AliasNode') return tableOf((node as OperationNode & { readonly node: OperationNode }).node);
  if (node.kind !== 'TableNode') return '';
  return (node as OperationNode & { readonly table: { readonly identifier: { readonly name: string } } }).table
    .identifier.name;
}
