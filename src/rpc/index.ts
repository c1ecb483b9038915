/**
 * # flotilla/rpc
 *
 * Typed calls between services, from the .proto file: gRPC, gRPC-Web, Connect and plain HTTP on one port, and in memory
 * within a process.
 *
 *     const room = implement(RoomService, { getRoom: async (ctx, { id }) => ({ room: await rooms.read(ctx, id) }) });
 *     const server = createRpcServer({ name: 'room', listener: tcpListener({ port: 0 }), services: [room] });
 *
 *     const client = createRpcClient(RoomService, { target: 'room', resolver });
 *     const { room } = await client.getRoom(ctx, { id: '7' });
 *
 * Rules: the Context's deadline, its end and its fields cross every hop; every error is a StatusError that `errors.is`
 * recognises on the other side; a client is made once and shared, and whoever makes one disposes it. Types of the library
 * behind the protocols never show. Not here: picking nodes (`flotilla/discovery`), TLS.
 */

export type { RpcProtocol } from './call-headers.ts';
export {
  type BidiStreamCall,
  type ClientMethodOptions,
  type ClientStreamCall,
  createRpcClient,
  type MethodCall,
  type RpcClient,
  type RpcClientOptions,
  type ServerStreamCall,
  type UnaryCall,
} from './client.ts';
export { type HttpRule, type HttpVerb, httpRules } from './http-rule.ts';
export {
  type BidiStreamHandler,
  type ClientStreamHandler,
  type Implementation,
  type ImplementOptions,
  implement,
  type MethodHandler,
  type MethodOptions,
  type ServerStreamHandler,
  type ServiceHandlers,
  type UnaryHandler,
} from './implementation.ts';
export { createLocalNetwork, type LocalNetwork, type LocalNetworkOptions } from './local-network.ts';
export type { PathPart, PathVariable } from './path-template.ts';
export type { ClientProtocol } from './remote-call.ts';
export { RpcErrors } from './rpc-errors.ts';
export { createRpcServer, type RpcServerOptions } from './server.ts';
export { requestMessage, responseJson, type TranscodedInput } from './transcoding.ts';
