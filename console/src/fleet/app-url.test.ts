import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InstanceState, Service } from '../api/answers.ts';
import { appUrl } from './app-url.ts';

function service(name: string, endpoints: Readonly<Record<string, string>>, state: InstanceState = 'ready'): Service {
  const instance = { lane: '', id: `${name}-1`, version: '', endpoints, healthy: true, state, lastSeenMs: 0 };
  return {
    name,
    version: '',
    instances: [instance],
    requestsPerSecond: 0,
    errorRate: 0,
    p50Ms: null,
    p99Ms: null,
    lanes: [],
  };
}

const http = 'http://127.0.0.1:4711';

describe('the address of the app', () => {
  it("is the gateway's http endpoint", () => {
    const services = [
      service('console', { http: 'http://127.0.0.1:1' }),
      service('gateway', { http, admin: 'http://x' }),
    ];

    assert.equal(appUrl(services), http);
  });

  it('is unknown without a gateway, without its http endpoint, and when it is gone', () => {
    assert.equal(appUrl([service('room', { http })]), undefined);
    assert.equal(appUrl([service('gateway', { admin: http })]), undefined);
    assert.equal(appUrl([service('gateway', { http }, 'gone')]), undefined);
  });

  it('is never what is no web address', () => {
    assert.equal(appUrl([service('gateway', { http: 'javascript:alert(1)' })]), undefined);
  });
});
