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
export { RpcErrors } from './rpc-errors.ts';
export { createRpcServer, type RpcServerOptions } from './server.ts';
