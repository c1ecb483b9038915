import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkServerUrl, withoutAccount } from './server-url.ts';

const check = (url: string) => checkServerUrl('registry: url', url, 'http://127.0.0.1:1', 'give it as an option');

describe('checkServerUrl', () => {
  for (const [url, expected] of [
    ['http://127.0.0.1:1', 'http://127.0.0.1:1'],
    ['https://host/base//', 'https://host/base'],
    ['http://[::1]:1/', 'http://[::1]:1'],
  ] as const) {
    it(`takes ${url}`, () => {
      assert.equal(check(url), expected);
    });
  }

  for (const [what, url] of [
    ['a password', 'http://ann:hunter2@host:1'],
    ['a token in the place of a name', 'http://hunter2@host:1'],
    ['a password with a slash', 'http://ann:hun/hunter2@host'],
    ['a password with an @', 'http://ann:hunter2@hunter2@host'],
    ['a password and no scheme', 'ann:hunter2@host:1'],
    ['a password and a scheme of something else', 'postgres://ann:hunter2@host:1'],
    ['a password over two lines', 'http://ann:a\nhunter2@host:x'],
    ['a secret in its query', 'http://host:1/?token=hunter2'],
    ['a secret in its fragment', 'http://host:1/#hunter2'],
  ] as const) {
    it(`refuses a URL with ${what}, and does not show it`, () => {
      assert.throws(
        () => check(url),
        (error: Error) =>
          error instanceof TypeError && /registry: url/.test(error.message) && !/hunter2/.test(error.message),
      );
    });
  }

  it('shows what is none', () => {
    assert.throws(() => check('host:1'), /registry: url "host:1" is not a URL such as http:\/\/127.0.0.1:1/);
  });
});

it('a URL without its account is otherwise as it was', () => {
  assert.equal(withoutAccount('etcds://ann:p@a:1,b:2/x?y=z'), 'etcds://…@a:1,b:2/x?y=z');
  assert.equal(withoutAccount('dns:///live?port=1'), 'dns:///live?port=1');
});
