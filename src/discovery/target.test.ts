import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseTarget, type Target, urlOf } from './target.ts';

describe('a target', () => {
  const good: readonly (readonly [string, Target])[] = [
    ['room', { kind: 'discovery', service: 'room' }],
    ['live.room-2', { kind: 'discovery', service: 'live.room-2' }],
    ['discovery:///room', { kind: 'discovery', service: 'room' }],
    ['dns:///room.internal:8080', { kind: 'dns', host: 'room.internal', port: 8080 }],
    ['DNS:///localhost:80', { kind: 'dns', host: 'localhost', port: 80 }],
    ['dns:///_rpc._tcp.room.internal', { kind: 'dns', host: '_rpc._tcp.room.internal', port: undefined }],
    ['static:///10.0.0.1:80,10.0.0.2:80', { kind: 'static', addresses: ['10.0.0.1:80', '10.0.0.2:80'] }],
    ['static:///[::1]:80, room:81', { kind: 'static', addresses: ['[::1]:80', 'room:81'] }],
    ['static:///https://room.example', { kind: 'static', addresses: ['https://room.example'] }],
  ];
  for (const [text, target] of good) {
    it(`is read from ${text}`, () => {
      assert.deepEqual(parseTarget(text), target);
    });
  }

  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /"" is no name of a service/],
    ['room service', /is no name of a service/],
    ['localhost:8080', /is an address and no name of a service; did you mean static:\/\/\/localhost:8080/],
    ['http://room:80', /"http" is no kind of target/],
    ['discovery://room', /nothing may stand between discovery:\/\/ and the third slash/],
    ['dns://8.8.8.8/room:80', /nothing may stand between/],
    ['discovery:///', /"" is no name of a service/],
    ['dns:///room', /it has no port, which only SRV records tell/],
    ['dns:///_rpc._tcp.room:80', /SRV records tell the port/],
    ['dns:///room:99999', /is no host name/],
    ['dns:///10.0.0.1:80', /is an address, which needs no DNS; did you mean static:\/\/\/10.0.0.1:80/],
    ['dns:///-room-:80', /is no host name/],
    ['static:///', /"" is neither HOST:PORT nor a URL/],
    ['static:///room', /"room" is neither HOST:PORT nor a URL/],
    ['static:///a:1,,b:2', /"" is neither/],
    ['static:///ftp://room:80', /"ftp:\/\/room:80" is no URL of http or https/],
    ['static:///http://room:80?a=1', /"http:\/\/room:80\?a=1" has \?a=1/],
    ['static:///a:1,a:1', /"a:1" is in it twice/],
    ['static:///a:0', /"a:0" is neither/],
    [`static:///${Array.from({ length: 1_001 }, (_, n) => `a${n}:1`).join()}`, /1001 addresses, more than 1000/],
  ];
  for (const [text, message] of bad) {
    it(`is not ${text.slice(0, 40)}`, () => {
      assert.throws(() => parseTarget(text), { name: 'TypeError', message });
      assert.throws(() => parseTarget(text), /give the name of a service .*static:\/\/\/HOST:PORT,HOST:PORT$/);
    });
  }

  it('that holds a password is refused without repeating it', () => {
    assert.throws(
      () => parseTarget('static:///http://ann:secret@room:80'),
      (error: Error) =>
        /^target "static:\/\/\/\.\.\.": the URL of room has a name or a password/.test(error.message) &&
        !error.message.includes('secret'),
    );
  });

  it('is read or refused, whatever it is, in no time', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .tuple(
          fc.constantFrom('dns:///', 'static:///', 'discovery:///', ''),
          fc.string({ unit: fc.constantFrom('a', '.', '-', '_', ':', '1', '[', ']', ',') }),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (target) => {
        try {
          parseTarget(target);
        } catch (error) {
          assert.ok(error instanceof TypeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the URL of an address', () => {
  it('has the scheme that it names, else the one that is given', () => {
    assert.equal(urlOf('10.0.0.1:80', 'https'), 'https://10.0.0.1:80');
    assert.equal(urlOf('http://10.0.0.1:80', 'https'), 'http://10.0.0.1:80');
  });
});
