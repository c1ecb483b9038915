import type { DescService } from '@bufbuild/protobuf';
import type { Context } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { ServerReflection, type ServerReflectionRequest } from '../gen/grpc/reflection/v1/reflection_pb.ts';
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
} from '../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { type Implementation, implement } from '../implementation.ts';
import { RpcErrors } from '../rpc-errors.ts';
import { FileIndex } from './file-index.ts';

export interface ReflectionOptions {
  /** The services that are told of. */
  readonly services: readonly DescService[];
  /** Asked for each stream: without leave it is as if there were no reflection. */
  readonly isAllowed: () => boolean;
}

/** The names of the services that {@link reflectionServices} makes. */
export const reflectionServiceNames: readonly string[] = [ServerReflection.typeName, ServerReflectionAlpha.typeName];

/**
 * grpc.reflection.v1 and v1alpha ServerReflection, which differ in nothing but their names: from the descriptors that are
 * compiled in, so comments are not told. What is not found is an answer of its own and ends nothing.
 */
export function reflectionServices({ services, isAllowed }: ReflectionOptions): Implementation[] {
  let index: FileIndex | undefined;
  const names = [...services.map(({ typeName }) => typeName), ...reflectionServiceNames].sort();
  async function* serverReflectionInfo<R extends Request>(_ctx: Context, requests: AsyncIterable<R>) {
    if (!isAllowed()) throw RpcErrors.METHOD_NOT_FOUND('this server has no reflection');
    index ??= new FileIndex([...services, ServerReflection, ServerReflectionAlpha]);
    const sent = new Set<string>();
    let count = 0;
    for await (const request of requests) {
      if (++count > maxRequests)
        throw RpcErrors.STREAM_TOO_LONG(`a stream takes ${maxRequests} requests for reflection; open another`);
      yield { validHost: request.host, originalRequest: request, messageResponse: answer(index, names, request, sent) };
    }
  }
  const options = { methods: { serverReflectionInfo: { timeoutMs: streamMs } } };
  return [
    implement(ServerReflection, { serverReflectionInfo }, options),
    implement(ServerReflectionAlpha, { serverReflectionInfo }, options),
  ];
}

type Request = ServerReflectionRequest | ServerReflectionRequestAlpha;

const maxRequests = 1_000;
const streamMs = 300_000;
const maxNameLength = 1_000;

function answer(index: FileIndex, services: readonly string[], { messageRequest }: Request, sent: Set<string>) {
  switch (messageRequest.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: services.map((name) => ({ name })) } } as const;
    case 'fileByFilename':
      return files(index, index.fileByName(messageRequest.value), messageRequest.value, sent);
    case 'fileContainingSymbol':
      return files(index, index.fileOfSymbol(messageRequest.value), messageRequest.value, sent);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = messageRequest.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return files(index, file, `extension ${extensionNumber} of ${containingType}`, sent);
    }
    case 'allExtensionNumbersOfType': {
      const extensionNumber = index.extensionNumbers(messageRequest.value);
      if (extensionNumber === undefined) return notFound(messageRequest.value);
      const value = { baseTypeName: messageRequest.value, extensionNumber };
      return { case: 'allExtensionNumbersResponse', value } as const;
    }
    default:
      throw RpcErrors.MALFORMED_MESSAGE('the request for reflection asks for nothing that is known here');
  }
}

function files(index: FileIndex, file: ReturnType<FileIndex['fileByName']>, name: string, sent: Set<string>) {
  if (file === undefined) return notFound(name);
  const value = { fileDescriptorProto: index.withImports(file, sent) };
  return { case: 'fileDescriptorResponse', value } as const;
}

function notFound(name: string) {
  const value = {
    errorCode: errors.grpcStatusOf('not_found'),
    errorMessage: `not found: ${name.slice(0, maxNameLength)}`,
  };
  return { case: 'errorResponse', value } as const;
}
