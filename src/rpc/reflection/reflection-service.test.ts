import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { staticResolver } from '../../discovery/index.ts';
import { StatusError } from '../../errors/index.ts';
import { type Listener, tcpListener } from '../../net/tcp/index.ts';
import { createRpcClient } from '../client.ts';
import { Health } from '../gen/grpc/health/v1/health_pb.ts';
import { ServerReflection, type ServerReflectionRequestSchema } from '../gen/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as ServerReflectionAlpha } from '../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { inTime, root } from '../testdata/calls.ts';
import { type FixtureOptions, networkFixture } from '../testdata/fixture.ts';
import { RoomService } from '../testdata/gen/flotilla/test/v1/room_pb.ts';

type Request = MessageInitShape<typeof ServerReflectionRequestSchema>;

const listServices: Request = { messageRequest: { case: 'listServices', value: '' } };
const all = [Health.typeName, ServerReflection.typeName, ServerReflectionAlpha.typeName, RoomService.typeName].sort();

async function* requests(...given: readonly Request[]): AsyncGenerator<Request> {
  yield* given;
}

/** What a server of its own answers. */
async function answers(stream: AsyncIterable<Request>, options: FixtureOptions = {}, service = ServerReflection) {
  await using fixture = await networkFixture(options);
  const resolver = staticResolver({ room: [`http://127.0.0.1:${fixture.url.split(':').at(-1)}`] });
  using client = createRpcClient(service, { target: 'room', resolver, guard: false });
  return await Array.fromAsync(client.serverReflectionInfo(root, stream));
}

async function namesOf(stream: AsyncIterable<Request>, options: FixtureOptions, service?: typeof ServerReflection) {
  const [{ messageResponse } = assert.fail('no answer')] = await answers(stream, options, service);
  assert.equal(messageResponse.case, 'listServicesResponse');
  return messageResponse.value.service.map(({ name }) => name);
}

/** One that says that it listens elsewhere than it does. */
function pretending(host: string): Listener {
  const listener = tcpListener({ port: 0 });
  return { start: async (ctx, take) => ({ ...(await listener.start(ctx, take)), host }), stop: () => listener.stop() };
}

describe('the reflection of a server', inTime, () => {
  test('lists what is served, in both versions', async () => {
    // They differ in nothing but their names.
    const alpha = ServerReflectionAlpha as unknown as typeof ServerReflection;

    assert.deepEqual(await namesOf(requests(listServices), {}), all);
    assert.deepEqual(await namesOf(requests(listServices), {}, alpha), all);
    assert.deepEqual(
      await namesOf(requests(listServices), { server: { health: false } }),
      all.filter((name) => name !== Health.typeName),
    );
  });

  test('answers one request after the other, and says what each was', async () => {
    const found = await answers(
      requests(
        { host: 'here', messageRequest: { case: 'fileContainingSymbol', value: `${RoomService.typeName}.GetRoom` } },
        { messageRequest: { case: 'fileByFilename', value: 'nope.proto' } },
        { messageRequest: { case: 'allExtensionNumbersOfType', value: 'google.protobuf.MethodOptions' } },
        { messageRequest: { case: 'allExtensionNumbersOfType', value: 'live.Nope' } },
        {
          messageRequest: {
            case: 'fileContainingExtension',
            value: { containingType: 'google.protobuf.MethodOptions', extensionNumber: 72295728 },
          },
        },
      ),
    );

    assert.deepEqual(
      found.map(({ messageResponse }) => messageResponse.case),
      [
        'fileDescriptorResponse',
        'errorResponse',
        'allExtensionNumbersResponse',
        'errorResponse',
        'fileDescriptorResponse',
      ],
    );
    const [file = assert.fail('no answer'), missing, numbers] = found;
    assert.equal(file.validHost, 'here');
    assert.equal(file.originalRequest?.messageRequest.value, `${RoomService.typeName}.GetRoom`);
    assert.partialDeepStrictEqual(missing?.messageResponse.value, {
      errorCode: 5,
      errorMessage: 'not found: nope.proto',
    });
    assert.partialDeepStrictEqual(numbers?.messageResponse.value, { extensionNumber: [61835, 72295728] });
    const [bytes] = (file.messageResponse.value as { fileDescriptorProto: Uint8Array[] }).fileDescriptorProto;
    assert.equal(fromBinary(FileDescriptorProtoSchema, bytes!).name, 'flotilla/test/v1/room.proto');
  });

  test('is there by default only where nobody comes from afar, and where it is told to', async () => {
    const none = { code: 'unimplemented', reason: 'METHOD_NOT_FOUND' };
    const afar = () => pretending('192.0.2.7');

    await assert.rejects(answers(requests(listServices), { server: { listener: afar() } }), none);
    await assert.rejects(answers(requests(listServices), { server: { reflection: false } }), none);
    assert.deepEqual(await namesOf(requests(listServices), { server: { listener: afar(), reflection: true } }), all);
    assert.deepEqual(await namesOf(requests(listServices), { server: { listener: pretending('::1') } }), all);
  });

  test('runs through the middleware of the server', async () => {
    const denied = new StatusError('permission_denied', 'no');

    await assert.rejects(
      answers(requests(listServices), { server: { middleware: [() => () => Promise.reject(denied)] } }),
      { code: 'permission_denied' },
    );
  });

  test('ends a stream of too many requests, and one that asks for nothing', async () => {
    const many = requests(...Array.from({ length: 1_001 }, () => listServices));

    await assert.rejects(answers(many), { code: 'resource_exhausted', reason: 'STREAM_TOO_LONG' });
    await assert.rejects(answers(requests({})), { code: 'invalid_argument', reason: 'MALFORMED_MESSAGE' });
  });
});
