import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsFailureText } from './tls-failure.ts';

const openssl = (what: string) =>
  `4063E11F0A7F0000:error:0A00010B:SSL routines:ssl3_read_bytes:${what}:../deps/openssl/ssl/rec_layer_s3.c:918:SSL alert number 116\n`;

const failures: readonly (readonly [what: string, code: string, message: string, text: RegExp])[] = [
  ['a port without TLS', 'ERR_SSL_WRONG_VERSION_NUMBER', openssl('wrong version number'), /^it does not speak TLS/],
  ['a server that asks who calls', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', openssl('x'), /give cert and key/],
  [
    'an unknown authority',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'self-signed certificate',
    /give that of the authority as ca/,
  ],
  ['an old certificate', 'CERT_HAS_EXPIRED', 'certificate has expired', /has expired \(or the clock/],
  [
    'another refusal',
    'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    openssl('x'),
    /refuses the handshake: handshake failure$/,
  ],
  ['what nobody foresaw', 'ERR_SSL_NEW', openssl('something new'), /^something new$/],
  ['no failure of TLS', 'ECONNRESET', 'read ECONNRESET', /^read ECONNRESET$/],
];
for (const [what, code, message, text] of failures) {
  test(`says on one line what happened for ${what}`, () => {
    const reason = /ssl3_read_bytes:([^:]+):/.exec(message)?.[1];
    const error = Object.assign(new Error(message), { code, ...(reason !== undefined && { reason }) });

    const said = tlsFailureText(error);

    assert.match(said, text);
    assert.doesNotMatch(said, /\n|routines/);
  });
}
