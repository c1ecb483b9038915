import { type DescMessage, type JsonValue, type MessageShape, toJson } from '@bufbuild/protobuf';

/**
 * A message as the gateway's other routes answer it, for routes of one's own: ProtoJSON, in which fields with default values
 * are written too, so that a client finds `"rooms": []` and not nothing.
 */
export function messageJson<D extends DescMessage>(type: D, message: MessageShape<D>): JsonValue {
  return toJson(type, message, { alwaysEmitImplicit: true });
}
