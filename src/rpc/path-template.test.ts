import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePathTemplate, variableText } from './path-template.ts';

test('templates become routes of the HTTP router', () => {
  const table: [template: string, route: string][] = [
    ['/', '/'],
    ['/v1/rooms', '/v1/rooms'],
    ['/v1/rooms/{id}', '/v1/rooms/:id'],
    ['/v1/rooms/{id}:close', '/v1/rooms/:id:close'],
    ['/v1/rooms:batchGet', '/v1/rooms:batchGet'],
    ['/v1/{name=rooms/*}', '/v1/rooms/:name'],
    ['/v1/{name=shelves/*/books/*}:purge', '/v1/shelves/:name/books/:name_2:purge'],
    ['/v1/{shelf.name=shelves/*}', '/v1/shelves/:shelf_name'],
    ['/v1/files/{path=**}', '/v1/files/*path'],
    ['/v1/*/rooms/{id}', '/v1/:_/rooms/:id'],
    ['/v1/{a.b}/{a_b}', '/v1/:a_b/:a_b_2'],
  ];

  for (const [template, route] of table) assert.equal(parsePathTemplate(template).route, route, template);
});

test('a bad template is refused with what is wrong', () => {
  const table: [template: string, why: RegExp][] = [
    ['v1/rooms', /must start with "\/"/],
    ['/v1//rooms', /"" is not a segment/],
    ['/v1/rooms/', /"" is not a segment/],
    ['/v1/{}', /"" is not the name of a field/],
    ['/v1/{1a}', /"1a" is not the name/],
    ['/v1/{a', /"\{a" is not a segment/],
    ['/v1/{a}b', /is not a segment/],
    ['/v1/{a={b}}', /not a segment/],
    ['/v1/{path=**}/more', /must be its last segment/],
    ['/v1/{path=**}:verb', /cannot match a verb/],
  ];

  for (const [template, why] of table) assert.throws(() => parsePathTemplate(template), why, template);
});

test('a variable of one segment is the parameter as it came', () => {
  const { variables } = parsePathTemplate('/v1/rooms/{id}');

  assert.equal(variableText(variables[0]!, { id: 'a/b' }), 'a/b');
});

test('a variable of several segments has its literals, and slashes of the client stay encoded', () => {
  const { variables } = parsePathTemplate('/v1/{name=shelves/*/books/*}');

  assert.equal(variableText(variables[0]!, { name: 'a', name_2: 'b/c' }), 'shelves/a/books/b%2Fc');
});
