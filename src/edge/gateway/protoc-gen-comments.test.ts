import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { CodeGeneratorRequestSchema, CodeGeneratorResponseSchema } from '@bufbuild/protobuf/wkt';
import { generateComments } from './protoc-gen-comments.ts';

const location = (path: number[], leadingComments: string) => ({ path, leadingComments });

/** What buf hands to a plugin for two files, one of them of Google's. */
const request = create(CodeGeneratorRequestSchema, {
  fileToGenerate: ['live/room/v1/room.proto', 'google/api/http.proto'],
  protoFile: [
    {
      name: 'live/room/v1/room.proto',
      package: 'live.room.v1',
      service: [{ name: 'RoomService', method: [{ name: 'GetRoom' }] }],
      messageType: [
        { name: 'Room', field: [{ name: 'id' }], nestedType: [{ name: 'Seat', field: [{ name: 'row' }] }] },
      ],
      enumType: [{ name: 'RoomState', value: [{ name: 'ROOM_STATE_OPEN' }] }],
      sourceCodeInfo: {
        location: [
          location([6, 0], ' Live rooms.\n'),
          location([6, 0, 2, 0], ' One room,\n whatever its state.\n\n Fails with NOT_FOUND.\n'),
          location([4, 0, 2, 0], ' Never changes.\n'),
          location([4, 0, 3, 0, 2, 0], ' Counts from 1.\n'),
          location([5, 0, 2, 0], ' Takes messages.\n'),
          location([4, 0], '\n'),
        ],
      },
    },
    { name: 'google/api/http.proto', package: 'google.api', messageType: [{ name: 'Http' }] },
  ],
});

test('comments are written beside the generated code of a file, by full name, and not for files of Google', () => {
  const response = fromBinary(
    CodeGeneratorResponseSchema,
    generateComments(toBinary(CodeGeneratorRequestSchema, request)),
  );

  assert.deepEqual(
    response.file.map((file) => file.name),
    ['live/room/v1/room_comments.ts'],
  );
  const json = /Record<string, string>> = ({.*});/s.exec(response.file[0]!.content)?.[1];
  assert.deepEqual(JSON.parse(json ?? ''), {
    'live.room.v1.RoomService': 'Live rooms.',
    'live.room.v1.RoomService.GetRoom': 'One room, whatever its state.\n\nFails with NOT_FOUND.',
    'live.room.v1.Room.id': 'Never changes.',
    'live.room.v1.Room.Seat.row': 'Counts from 1.',
    'live.room.v1.RoomState.ROOM_STATE_OPEN': 'Takes messages.',
  });
});
