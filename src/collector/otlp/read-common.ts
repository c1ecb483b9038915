import { fixed64Tag, lengthTag, ProtobufReader, varintTag } from './protobuf-reader.ts';
import { type Attributes, type Emitter, emitterOf, maxValueDepth } from './records.ts';

/*
 * opentelemetry/proto/common/v1/common.proto
 *   KeyValue     { 1 key (string), 2 value (AnyValue) }
 *   AnyValue     { 1 string_value, 2 bool_value, 3 int_value (int64), 4 double_value, 5 array_value (ArrayValue),
 *                  6 kvlist_value (KeyValueList), 7 bytes_value }
 *   ArrayValue   { 1 values (repeated AnyValue) }
 *   KeyValueList { 1 values (repeated KeyValue) }
 * opentelemetry/proto/resource/v1/resource.proto
 *   Resource     { 1 attributes (repeated KeyValue) }
 * The three Export*ServiceRequest messages share their numbers:
 *   1 resource_* (repeated) { 1 resource, 2 scope_* (repeated) { 1 scope, 2 items (repeated) } }
 */

/** Walks a request and calls `readItem` at each item, with who emitted it. */
export function readRequest(bytes: Uint8Array, readItem: (reader: ProtobufReader, emitter: Emitter) => void): void {
  const reader = new ProtobufReader(bytes);
  while (reader.at < reader.length) {
    if (reader.tag() === lengthTag(1)) readPerResource(reader, readItem);
    else reader.skip();
  }
}

/** Adds the KeyValue that comes next. A key that comes twice keeps its last value. */
export function readKeyValue(reader: ProtobufReader, into: Record<string, unknown>, depth = 0): void {
  let key = '';
  let value: unknown = null;
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case lengthTag(1):
        key = reader.string();
        break;
      case lengthTag(2):
        value = readAnyValue(reader, depth);
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  setOwn(into, key, value);
}

/** The JSON value that an AnyValue says: bytes are base64, as in OTLP's JSON encoding. */
export function readAnyValue(reader: ProtobufReader, depth = 0): unknown {
  if (depth > maxValueDepth) throw reader.malformed(`a value nested deeper than ${maxValueDepth} levels`);
  let value: unknown = null;
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case lengthTag(1):
        value = reader.string();
        break;
      case varintTag(2):
        value = reader.bool();
        break;
      case varintTag(3):
        value = reader.int64();
        break;
      case fixed64Tag(4):
        value = reader.double();
        break;
      case lengthTag(5):
        value = readList(reader, depth + 1);
        break;
      case lengthTag(6):
        value = readObject(reader, depth + 1);
        break;
      case lengthTag(7):
        value = reader.bytes().toBase64();
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  return value;
}

/** Sets a key that a stranger chose: `__proto__` must stay a key. */
export function setOwn(into: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
  else into[key] = value;
}

/** A Resource* message. Its scopes may stand before its resource, so they are read in a second pass. */
function readPerResource(reader: ProtobufReader, readItem: (reader: ProtobufReader, emitter: Emitter) => void): void {
  let resource: Attributes = {};
  const scopes: Uint8Array[] = [];
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case lengthTag(1):
        resource = readObject(reader, 0);
        break;
      case lengthTag(2):
        scopes.push(reader.bytes());
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  const emitter = emitterOf(resource);
  for (const scope of scopes) {
    const inner = new ProtobufReader(scope);
    while (inner.at < inner.length) {
      if (inner.tag() === lengthTag(2)) readItem(inner, emitter);
      else inner.skip();
    }
  }
}

function readList(reader: ProtobufReader, depth: number): unknown[] {
  const list: unknown[] = [];
  const end = reader.open();
  while (reader.at < end) {
    if (reader.tag() === lengthTag(1)) list.push(readAnyValue(reader, depth));
    else reader.skip();
  }
  reader.close(end);
  return list;
}

/** A KeyValueList, or a Resource, whose attributes have the same number. */
function readObject(reader: ProtobufReader, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const end = reader.open();
  while (reader.at < end) {
    if (reader.tag() === lengthTag(1)) readKeyValue(reader, object, depth);
    else reader.skip();
  }
  reader.close(end);
  return object;
}
