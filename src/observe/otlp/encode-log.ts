import type { CleanValue } from '../redact.ts';
import { type Level, levels } from '../telemetry.ts';
import { writeKeyValue } from './attributes.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/*
 * opentelemetry/proto/logs/v1/logs.proto
 *   LogRecord { 1 time_unix_nano (fixed64), 2 severity_number (enum), 3 severity_text, 5 body (AnyValue),
 *               6 attributes (repeated KeyValue), 7 dropped_attributes_count (uint32), 8 flags (fixed32),
 *               9 trace_id (bytes), 10 span_id (bytes), 11 observed_time_unix_nano (fixed64) }
 */

/** One log line, clean of secrets and bounded. */
export interface LogRecord {
  readonly timeMs: number;
  readonly level: Level;
  readonly message: string;
  /** '' outside of a trace. */
  readonly traceId: string;
  readonly spanId: string;
  readonly tenant: string;
  readonly lane: string;
  /** Names and values by turns. */
  readonly fields: readonly (readonly [string, CleanValue])[];
  readonly error: LogError | undefined;
  /** What many lines have in common, if this is one of them: `message` and the first of the fields are its. */
  readonly fixed?: FixedPart;
}

/** Clean, as those of a record. Made once for many lines. */
export interface FixedPart {
  readonly message: string;
  readonly fields: LogRecord['fields'];
}

export interface LogError {
  readonly name: string;
  readonly code?: string;
  readonly reason?: string;
  readonly message: string;
  readonly stack: string;
}

/** Writes the record as field 2 (`log_records`) of a ScopeLogs. */
export function writeLog(writer: ProtobufWriter, record: LogRecord): void {
  const message = writer.open(2, 2);
  const nanos = record.timeMs * 1e6;
  writer.fixed64(1, nanos);
  // SEVERITY_NUMBER_TRACE = 1, DEBUG = 5, INFO = 9, WARN = 13, ERROR = 17, FATAL = 21
  writer.uint(2, 1 + 4 * levels.indexOf(record.level));
  writer.string(3, record.level);
  const body = writer.open(5);
  writer.string(1, record.message);
  writer.close(body);
  for (const [key, value] of record.fields) writeKeyValue(writer, 6, key, value);
  if (record.tenant !== '') writeKeyValue(writer, 6, 'tenant', record.tenant);
  if (record.lane !== '') writeKeyValue(writer, 6, 'lane', record.lane);
  if (record.error !== undefined) writeError(writer, record.error);
  if (record.traceId !== '') {
    writer.hex(9, record.traceId);
    writer.hex(10, record.spanId);
  }
  writer.fixed64(11, nanos);
  writer.close(message, 2);
}

function writeError(writer: ProtobufWriter, error: LogError): void {
  writeKeyValue(writer, 6, 'exception.type', error.name);
  writeKeyValue(writer, 6, 'exception.message', error.message);
  writeKeyValue(writer, 6, 'exception.stacktrace', error.stack);
  if (error.code !== undefined) writeKeyValue(writer, 6, 'error.code', error.code);
  if (error.reason !== undefined) writeKeyValue(writer, 6, 'error.type', error.reason);
}
