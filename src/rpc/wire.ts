import type { DescMethod } from '@bufbuild/protobuf';
import type { RpcProtocol } from './call-headers.ts';

/** How a request speaks: told by its verb and content type before anything else of it is read. */
export interface Wire {
  readonly protocol: RpcProtocol;
  /** Messages in envelopes, the end of the call in the last one or in trailers. False: a plain body and HTTP status. */
  readonly enveloped: boolean;
  /** The content type of its answers. */
  readonly contentType: string;
}

const unaryJson = 'application/json';

/** The wire of a request, or undefined if its content type is none of the protocols'. */
export function wireOf(verb: string, contentType: string | undefined): Wire | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (verb === 'GET') return { protocol: 'connect', enveloped: false, contentType: unaryJson };
  if (/^application\/grpc(\+(proto|json))?$/.test(type))
    return { protocol: 'grpc', enveloped: true, contentType: type };
  if (/^application\/grpc-web(\+(proto|json))?$/.test(type))
    return { protocol: 'grpc-web', enveloped: true, contentType: type };
  if (/^application\/connect\+(proto|json)$/.test(type))
    return { protocol: 'connect', enveloped: true, contentType: type };
  if (type === 'application/proto' || type === unaryJson)
    return { protocol: 'connect', enveloped: false, contentType: type };
  return undefined;
}

/** For whoever called a method in no way that it knows, most often with curl and without a content type. */
export function howToCall({ methodKind }: DescMethod): string {
  const types = methodKind === 'unary' ? 'application/json or application/proto' : 'application/connect+json or +proto';
  return `POST it with the content type ${types}, or speak gRPC or gRPC-Web`;
}

/** Whether a request that names no method of ours still speaks RPC, so that it must get an RPC error. */
export function speaksRpc(wire: Wire | undefined, get: (name: string) => string | undefined): boolean {
  if (wire === undefined) return false;
  return wire.enveloped || wire.contentType === 'application/proto' || get('connect-protocol-version') !== undefined;
}
