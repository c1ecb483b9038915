import { type CleanValue, cleanText, isSecretName, redacted } from '../redact.ts';
import type { Attributes, Resource } from '../telemetry.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/*
 * opentelemetry/proto/common/v1/common.proto
 *   KeyValue             { 1 key (string), 2 value (AnyValue) }
 *   AnyValue             { 1 string_value, 2 bool_value, 3 int_value (int64), 4 double_value, 5 array_value, 6 kvlist_value, 7 bytes_value }
 *   ArrayValue           { 1 values (repeated AnyValue) }
 *   KeyValueList         { 1 values (repeated KeyValue) }
 *   InstrumentationScope { 1 name, 2 version }
 * opentelemetry/proto/resource/v1/resource.proto
 *   Resource             { 1 attributes (repeated KeyValue) }
 */

/** Longer attribute texts are cut. */
const maxTextLength = 4096;

/** Writes one KeyValue as field `field` of the open message. The value is clean already. */
export function writeKeyValue(writer: ProtobufWriter, field: number, key: string, value: CleanValue): void {
  const pair = writer.open(field);
  writer.string(1, key);
  const any = writer.open(2);
  writeAnyValue(writer, value);
  writer.close(any);
  writer.close(pair);
}

/** Writes one attribute of a span, hiding secrets. */
export function writeAttribute(
  writer: ProtobufWriter,
  field: number,
  key: string,
  value: string | number | boolean,
): void {
  const shown = isSecretName(key) ? redacted : typeof value === 'string' ? cleanText(value, maxTextLength) : value;
  writeKeyValue(writer, field, key, shown);
}

/**
 * Writes attributes. A frozen object is encoded once and its bytes are copied from then on: that is what an instrument
 * gives with every span of a method.
 */
export function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  if (!Object.isFrozen(attributes)) {
    writeEach(writer, field, attributes);
    return;
  }
  let bytes = encoded.get(attributes)?.[field];
  if (bytes === undefined) {
    const own = new ProtobufWriter(256);
    writeEach(own, field, attributes);
    bytes = own.toBytes();
    encoded.set(attributes, { ...encoded.get(attributes), [field]: bytes });
  }
  writer.raw(bytes);
}

const encoded = new WeakMap<Attributes, Record<number, Uint8Array>>();

/** Resource { attributes } and InstrumentationScope { name }, as the fields 1 of what they stand in. */
export function encodeResource(resource: Resource): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(256);
  const message = writer.open(1);
  writeKeyValue(writer, 1, 'service.name', resource.service);
  writeKeyValue(writer, 1, 'service.version', resource.version);
  writeKeyValue(writer, 1, 'service.instance.id', resource.instance);
  writeKeyValue(writer, 1, 'process.pid', process.pid);
  writeKeyValue(writer, 1, 'telemetry.sdk.name', 'flotilla');
  writeKeyValue(writer, 1, 'telemetry.sdk.language', 'nodejs');
  writer.close(message);
  return writer.toBytes();
}

export function encodeScope(): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(32);
  const message = writer.open(1);
  writer.string(1, 'flotilla');
  writer.close(message);
  return writer.toBytes();
}

/**
 * The request around encoded items. The three Export*ServiceRequest messages have the same numbers: 1 resource_* (repeated
 * Resource*) { 1 resource, 2 scope_* (repeated Scope*) { 1 scope, 2 items } }.
 */
export function encodeRequest(resource: Uint8Array, scope: Uint8Array, items: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter(resource.length + scope.length + items.length + 64);
  const perResource = writer.open(1);
  writer.raw(resource);
  const perScope = writer.open(2);
  writer.raw(scope);
  writer.raw(items);
  writer.close(perScope);
  writer.close(perResource);
  return writer.toBytes();
}

function writeEach(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) writeAttribute(writer, field, key, attributes[key]!);
}

function writeAnyValue(writer: ProtobufWriter, value: CleanValue): void {
  if (typeof value === 'string') writer.string(1, value);
  else if (typeof value === 'boolean') writer.bool(2, value);
  else if (typeof value === 'number') Number.isSafeInteger(value) ? writer.int64(3, value) : writer.double(4, value);
  else if (Array.isArray(value)) writeArray(writer, value);
  else if (value !== null) writeObject(writer, value as { readonly [key: string]: CleanValue });
}

function writeArray(writer: ProtobufWriter, values: readonly CleanValue[]): void {
  const list = writer.open(5);
  for (const value of values) {
    const any = writer.open(1);
    writeAnyValue(writer, value);
    writer.close(any);
  }
  writer.close(list);
}

function writeObject(writer: ProtobufWriter, value: { readonly [key: string]: CleanValue }): void {
  const list = writer.open(6);
  for (const [key, item] of Object.entries(value)) writeKeyValue(writer, 1, key, item);
  writer.close(list);
}
