import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acceptDeflate, answeredDeflate, deflateOffer } from './negotiation.ts';

const both = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

describe('a server that is offered permessage-deflate', () => {
  const accepted: readonly (readonly [offer: string, header: string, windowBits: number])[] = [
    ['permessage-deflate', both, 15],
    ['Permessage-Deflate', both, 15],
    [deflateOffer, both, 15],
    ['permessage-deflate; client_max_window_bits', both, 15],
    ['permessage-deflate; client_max_window_bits=8', both, 15],
    ['permessage-deflate; client_max_window_bits="10"', both, 15],
    ['permessage-deflate; server_max_window_bits=10', `${both}; server_max_window_bits=10`, 10],
    ['permessage-deflate ; server_max_window_bits = 15', `${both}; server_max_window_bits=15`, 15],
    ['permessage-deflate; server_max_window_bits=8, permessage-deflate', both, 15],
    ['x-webkit-deflate-frame, permessage-deflate; client_max_window_bits', both, 15],
    [
      'permessage-deflate; unknown, permessage-deflate; server_max_window_bits=9',
      `${both}; server_max_window_bits=9`,
      9,
    ],
  ];
  for (const [offer, header, windowBits] of accepted)
    it(`accepts ${offer}`, () => assert.deepEqual(acceptDeflate(offer), { deflate: { windowBits }, header }));

  const declined = [
    'x-webkit-deflate-frame',
    'permessage-deflate; unknown',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; client_no_context_takeover="true"',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=8',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=010',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
  ];
  for (const offer of declined) it(`goes on without for ${offer}`, () => assert.equal(acceptDeflate(offer), undefined));

  const malformed = [
    '',
    ',',
    'a,',
    ', a',
    'a;',
    'a; =1',
    'a=',
    'a; b=',
    'a; b=;',
    'a b',
    'a; b="x y"',
    'a; b="x',
    'a/b',
    'ä',
  ];
  for (const offer of malformed)
    it(`refuses ${JSON.stringify(offer)}`, () => assert.equal(acceptDeflate(offer), 'malformed'));
});

describe('a client that offered permessage-deflate', () => {
  const good = [both, `${both}; server_max_window_bits=8`, 'permessage-deflate; server_no_context_takeover'];
  for (const answer of good)
    it(`takes ${answer}`, () => assert.deepEqual(answeredDeflate(answer, true), { windowBits: 15 }));

  it('goes on without compression where the server does not mention it', () => {
    assert.equal(answeredDeflate(undefined, true), undefined);
  });

  const bad: readonly (readonly [answer: string, why: RegExp])[] = [
    ['permessage-deflate', /server_no_context_takeover was demanded/],
    [`${both}; client_max_window_bits=10`, /client_max_window_bits is not one that was offered/],
    [`${both}; server_max_window_bits=16`, /server_max_window_bits/],
    [`${both}; server_max_window_bits`, /server_max_window_bits/],
    [`${both}; unknown`, /unknown/],
    [`${both}; server_no_context_takeover`, /twice/],
    [`${both}, ${both}`, /not offered/],
    ['x-other', /not offered/],
    ['permessage-deflate;', /malformed/],
  ];
  for (const [answer, why] of bad) {
    it(`fails on ${answer}`, () => {
      const result = answeredDeflate(answer, true);

      assert.equal(typeof result, 'string');
      assert.match(String(result), why);
    });
  }

  it('fails on any extension where it offered none', () => {
    assert.match(String(answeredDeflate(both, false)), /not offered/);
  });
});
