/**
 * # flotilla/rpc
 */
export {
  type BidiStreamCall,
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
export { createLocalNetwork, type LocalNetwork } from './local-network.ts';
export type { PathPart, PathVariable } from './path-template.ts';
export { RpcErrors } from './rpc-errors.ts';
export { createRpcServer, type RpcServerOptions } from './server.ts';
export { requestMessage, responseJson, type TranscodedInput } from './transcoding.ts';
