/** The parts of the peers that the RPC bench uses: see `../modules.d.ts`. */
declare module 'moleculer' {
  interface Call<P> {
    readonly params: P;
  }
  export class ServiceBroker {
    constructor(options: object);
    createService(schema: {
      readonly name: string;
      readonly actions: Readonly<Record<string, (call: Call<object>) => Promise<object>>>;
    }): object;
    start(): Promise<void>;
    waitForServices(name: string): Promise<unknown>;
    call(action: string, params: object): Promise<object>;
  }
}

declare module '@trpc/server' {
  interface Mutation<O> {
    readonly output: O;
  }
  interface Builder {
    router<R extends object>(procedures: R): R;
    readonly procedure: {
      input<I>(parse: (input: unknown) => I): {
        mutation<O>(resolve: (options: { readonly input: I }) => O): Mutation<O>;
      };
    };
  }
  export const initTRPC: { create(): Builder };
}

declare module '@trpc/server/adapters/standalone' {
  export function createHTTPServer(options: { readonly router: object }): {
    listen(port: number, host: string): unknown;
  };
}

declare module '@trpc/client' {
  export function httpLink(options: { readonly url: string }): object;
  export function createTRPCClient<R>(options: { readonly links: readonly object[] }): {
    readonly [K in keyof R]: { mutate(input: object): Promise<object> };
  };
}

declare module 'reflect-metadata';

declare module '@nestjs/common' {
  export function Controller(): (type: object) => void;
  export function Module(options: { readonly controllers: readonly object[] }): (type: object) => void;
}

declare module '@nestjs/core' {
  export const NestFactory: {
    createMicroservice(module: object, options: object): Promise<{ listen(): Promise<unknown> }>;
  };
}

declare module '@nestjs/microservices' {
  export function MessagePattern(pattern: string): (type: object, name: string, property: PropertyDescriptor) => void;
  export const Transport: { readonly TCP: 0 };
  export const ClientProxyFactory: {
    create(options: object): {
      connect(): Promise<unknown>;
      send(pattern: string, data: object): import('rxjs').Observable<object>;
    };
  };
}

declare module 'rxjs' {
  export interface Observable<T> {
    readonly element: T;
  }
  export function firstValueFrom<T>(source: Observable<T>): Promise<T>;
}
