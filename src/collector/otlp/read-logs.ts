import { logRow, type RawLog } from './log-row.ts';
import { fixed64Tag, lengthTag, type ProtobufReader, varintTag } from './protobuf-reader.ts';
import { readAnyValue, readKeyValue, readRequest } from './read-common.ts';
import { Collected, type Decoded, type LogRow } from './records.ts';

/*
 * opentelemetry/proto/logs/v1/logs.proto
 *   LogRecord { 1 time_unix_nano (fixed64), 2 severity_number (enum), 3 severity_text, 5 body (AnyValue),
 *               6 attributes (KeyValue), 9 trace_id, 10 span_id (bytes), 11 observed_time_unix_nano (fixed64) }
 */

/** The lines of an ExportLogsServiceRequest. */
export function readLogs(bytes: Uint8Array): Decoded<LogRow> {
  const logs = new Collected<LogRow>();
  readRequest(bytes, (reader, emitter) => logs.take(logRow(readLog(reader), emitter)));
  return logs;
}

function readLog(reader: ProtobufReader): RawLog {
  const log: RawLog = { nanos: 0, observedNanos: 0, severity: 0, severityText: '', body: '', attributes: {} };
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case fixed64Tag(1):
        log.nanos = reader.fixed64();
        break;
      case varintTag(2):
        log.severity = reader.uint();
        break;
      case lengthTag(3):
        log.severityText = reader.string();
        break;
      case lengthTag(5):
        log.body = readAnyValue(reader);
        break;
      case lengthTag(6):
        readKeyValue(reader, log.attributes);
        break;
      case lengthTag(9):
        log.traceId = reader.bytes();
        break;
      case lengthTag(10):
        log.spanId = reader.bytes();
        break;
      case fixed64Tag(11):
        log.observedNanos = reader.fixed64();
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  return log;
}
