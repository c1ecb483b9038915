import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AccountSchema,
  SignUpRequestSchema,
  WalletSchema,
} from '../../../examples/live/gen/live/account/v1/account_pb.ts';
import { RoomEventSchema, RoomSchema } from '../../../examples/live/gen/live/room/v1/room_pb.ts';
import { SearchRequestSchema } from '../../rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import { type JsonSchema, SchemaCollection } from './json-schema.ts';

const propertiesOf = (schema: JsonSchema | undefined) => schema?.properties as Record<string, JsonSchema>;

test('a message becomes a component by its full name, and what it refers to as well', () => {
  const schemas = new SchemaCollection({});

  const reference = schemas.message(RoomSchema);

  assert.deepEqual(reference, { $ref: '#/components/schemas/live.room.v1.Room' });
  assert.deepEqual(Object.keys(schemas.components()), ['live.room.v1.Room', 'live.room.v1.RoomState']);
});

test('fields have their JSON names and the types of the ProtoJSON format', () => {
  const properties = propertiesOf(new SchemaCollection({}).object(SearchRequestSchema, () => true));

  assert.deepEqual(properties.pageSize, { type: 'integer', format: 'int32' });
  assert.deepEqual(properties.sinceId, { type: 'string', pattern: '^-?[0-9]+$', format: 'int64' });
  assert.deepEqual(properties.maxBytes, { type: 'string', pattern: '^[0-9]+$', format: 'uint64' });
  assert.deepEqual(properties.tags, { type: 'array', items: { type: 'string' } });
  assert.deepEqual(properties.cursor, { type: 'string', contentEncoding: 'base64' });
  assert.deepEqual(properties.after, { type: 'string', format: 'date-time' });
  assert.deepEqual(properties.limit, { type: ['integer', 'null'], format: 'int32' });
  assert.deepEqual(properties.labels, { type: 'object', additionalProperties: { type: 'string' } });
  assert.deepEqual(properties.rooms, { type: 'array', items: { $ref: '#/components/schemas/flotilla.test.v1.Room' } });
  assert.deepEqual(properties.orderBy, { type: 'string', description: 'At most one of this, `random`.' });
});

test('an enum lists its names and describes them', () => {
  const schemas = new SchemaCollection({
    'live.room.v1.RoomState': 'How it is.',
    'live.room.v1.RoomState.ROOM_STATE_OPEN': 'Takes messages.',
  });

  schemas.message(RoomSchema);

  assert.deepEqual(schemas.components()['live.room.v1.RoomState'], {
    type: 'string',
    title: 'RoomState',
    enum: ['ROOM_STATE_UNSPECIFIED', 'ROOM_STATE_OPEN', 'ROOM_STATE_CLOSED'],
    description: 'How it is.\n\n- `ROOM_STATE_OPEN`: Takes messages.',
  });
});

test('field behaviour becomes required, readOnly and writeOnly', () => {
  const schemas = new SchemaCollection({});

  const signUp = schemas.object(SignUpRequestSchema, () => true);
  const account = schemas.object(AccountSchema, () => true);

  assert.deepEqual(signUp.required, ['name', 'password']);
  assert.equal(propertiesOf(signUp).password?.writeOnly, true);
  assert.equal(propertiesOf(account).id?.readOnly, true);
});

test('comments become descriptions', () => {
  const schemas = new SchemaCollection({
    'live.account.v1.Wallet': 'The coins.',
    'live.account.v1.Wallet.coins': 'Never negative.',
  });

  const wallet = schemas.object(WalletSchema, () => true);

  assert.equal(wallet.description, 'The coins.');
  assert.equal(propertiesOf(wallet).coins?.description, 'Never negative.');
});

test('members of a oneof say that they exclude each other', () => {
  const properties = propertiesOf(new SchemaCollection({}).object(RoomEventSchema, () => true));

  assert.equal(properties.gift?.description, 'At most one of this, `message`, `room`.');
});
