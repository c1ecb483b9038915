import { staticTypes } from './static-code.ts';

const { Note } = await staticTypes('echo');

const serialize = (note: object): Buffer => {
  const bytes = Note!.encode(note).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
};
const deserialize = (bytes: Buffer): object => Note!.decode(bytes);

const codec = {
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
};

/** grpc-js with the fastest codec that it can have: static code of protobufjs. */
export const echoService = {
  Echo: { path: '/flotilla.bench.v1.EchoService/Echo', requestStream: false, responseStream: false, ...codec },
  EchoStream: {
    path: '/flotilla.bench.v1.EchoService/EchoStream',
    requestStream: true,
    responseStream: true,
    ...codec,
  },
};
