/** `grpc-js-client.ts PORT` */
import { Client, credentials } from '@grpc/grpc-js';
import { answerLoads } from '../../rpc/answer-loads.ts';
import { note } from '../../rpc/note.ts';
import { echoService } from './grpc-js-service.ts';

const { Echo, EchoStream } = echoService;
const client = new Client(`127.0.0.1:${process.argv[2]}`, credentials.createInsecure());

await answerLoads({
  unary: () =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(Echo.path, Echo.requestSerialize, Echo.responseDeserialize, note, (error, answer) => {
        if (error === null) resolve(answer!);
        else reject(error);
      });
    }),
  stream() {
    const { path, requestSerialize, responseDeserialize } = EchoStream;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    let answered: (answer: object) => void = () => {};
    let failed: (error: Error) => void = () => {};
    stream.on('data', (answer: object) => answered(answer));
    stream.on('error', (error) => failed(error));
    return {
      exchange: () =>
        new Promise((resolve, reject) => {
          answered = resolve;
          failed = reject;
          stream.write(note);
        }),
      close: () => stream.end(),
    };
  },
});
