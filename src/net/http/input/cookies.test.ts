import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Cookie, formatCookie, parseCookies } from './cookies.ts';

describe('parseCookies', () => {
  it('reads names and values, and keeps the first of a name that came twice', () => {
    const cookies = parseCookies('a=1; b="two words"; c=%C3%A9; a=9; d=; =x; bad name=1; e=100%');

    assert.deepEqual({ ...cookies }, { a: '1', b: 'two words', c: 'é', d: '', e: '100%' });
    assert.deepEqual({ ...parseCookies(undefined) }, {});
  });

  it('reads at most 100, and gives a name like __proto__ no power', () => {
    const header = `__proto__=x; ${Array.from({ length: 200 }, (_, i) => `c${i}=1`).join('; ')}`;

    const cookies = parseCookies(header);

    assert.equal(Object.keys(cookies).length, 100);
    assert.equal(Object.getPrototypeOf(cookies), null);
  });
});

describe('formatCookie', () => {
  const table: readonly [cookie: Cookie, header: string][] = [
    [{ name: 'sid', value: 'x' }, 'sid=x; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ name: 'sid', value: 'a; b=é' }, 'sid=a%3B%20b%3D%C3%A9; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [
      { name: 'sid', value: '', maxAgeSeconds: 0, expires: new Date(0), domain: 'live.example', path: '/v1' },
      'sid=; Path=/v1; Domain=live.example; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax',
    ],
    [
      { name: 'theme', value: 'dark', secure: false, httpOnly: false, sameSite: 'strict' },
      'theme=dark; Path=/; SameSite=Strict',
    ],
    [{ name: '__Host-sid', value: '1', sameSite: 'none' }, '__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=None'],
  ];
  for (const [cookie, header] of table) {
    it(`writes ${header}`, () => assert.equal(formatCookie(cookie), header));
  }

  const bad: readonly [cookie: Cookie, why: RegExp][] = [
    [{ name: 'a b', value: '' }, /its name may hold only/],
    [{ name: '', value: '' }, /its name may hold only/],
    [{ name: 'a', value: '', path: 'v1' }, /the path "v1" must start/],
    [{ name: 'a', value: '', path: '/;secure' }, /the path/],
    [{ name: 'a', value: '', domain: 'x;y' }, /the domain "x;y"/],
    [{ name: 'a', value: '', maxAgeSeconds: 1.5 }, /maxAgeSeconds 1.5/],
    [{ name: 'a', value: '', sameSite: 'none', secure: false }, /sameSite "none" needs secure/],
    [{ name: '__Secure-a', value: '', secure: false }, /its prefix needs secure/],
    [{ name: '__Host-a', value: '', path: '/v1' }, /__Host-/],
  ];
  for (const [cookie, why] of bad) {
    it(`refuses ${JSON.stringify(cookie)}`, () => {
      assert.throws(
        () => formatCookie(cookie),
        (error: Error) => error instanceof TypeError && why.test(error.message),
      );
    });
  }
});
