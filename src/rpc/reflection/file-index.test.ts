import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { RoomService } from '../testdata/gen/flotilla/test/v1/room_pb.ts';
import { FileIndex } from './file-index.ts';

const index = new FileIndex([RoomService]);
const roomFile = 'flotilla/test/v1/room.proto';
const prefix = 'flotilla.test.v1';

describe('the index of a service’s files', () => {
  const symbols: Record<string, string> = {
    'a service': `${prefix}.RoomService`,
    'another service of the file': `${prefix}.SearchService`,
    'a method': `${prefix}.RoomService.GetRoom`,
    'a message': `${prefix}.Room`,
    'a field': `${prefix}.Room.viewer_count`,
    'a oneof': `${prefix}.SearchRequest.order`,
    'an enum': `${prefix}.RoomState`,
    'a value of an enum': `${prefix}.ROOM_STATE_OPEN`,
  };
  for (const [kind, name] of Object.entries(symbols)) {
    test(`finds ${kind}`, () => {
      assert.equal(index.fileOfSymbol(name)?.proto.name, roomFile);
    });
  }

  test('finds what is imported, also by its imports', () => {
    assert.equal(index.fileOfSymbol('google.api.HttpRule')?.proto.name, 'google/api/http.proto');
    assert.equal(index.fileOfSymbol('google.api.http')?.proto.name, 'google/api/annotations.proto');
    assert.equal(index.fileByName('google/protobuf/descriptor.proto')?.proto.package, 'google.protobuf');
  });

  test('finds nothing that is not there', () => {
    assert.equal(index.fileOfSymbol(`${prefix}.RoomService.Nope`), undefined);
    assert.equal(index.fileOfSymbol(''), undefined);
    assert.equal(index.fileByName('flotilla/test/v1/room'), undefined);
    assert.equal(index.fileOfExtension('google.protobuf.MethodOptions', 1), undefined);
    assert.equal(index.extensionNumbers('live.Nope'), undefined);
  });

  test('finds extensions by their numbers', () => {
    const http = 72295728;

    assert.deepEqual(index.extensionNumbers('google.protobuf.MethodOptions'), [61835, http]);
    assert.deepEqual(index.extensionNumbers(`${prefix}.Room`), []);
    const file = index.fileOfExtension('google.protobuf.MethodOptions', http);
    assert.equal(file?.proto.name, 'google/api/annotations.proto');
  });

  test('gives a file with all that it imports, and the imports once', () => {
    const file = index.fileByName(roomFile)!;
    const sent = new Set<string>();
    const names = (all: Uint8Array[]) => all.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);

    const first = names(index.withImports(file, sent));
    const second = names(index.withImports(file, sent));

    assert.equal(first[0], roomFile);
    assert.equal(new Set(first).size, first.length);
    const known = new Set(first);
    for (const name of first)
      for (const imported of index.fileByName(name)?.proto.dependency ?? []) assert.ok(known.has(imported), imported);
    assert.deepEqual(second, [roomFile]);
  });
});
