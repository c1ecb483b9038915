import { type FakeCall, FakeServer, reply } from '../../../discovery/testdata/fake-server.ts';

interface Host {
  readonly service: string;
  readonly ip: string;
  readonly port: number;
  readonly weight: number;
  readonly metadata: Record<string, string>;
  healthy: boolean;
  beatAt: number;
  enabled: boolean;
}

/**
 * A server of Nacos 2.2: ephemeral instances in memory, kept by beats; login. What its documentation leaves open is as in its
 * sources; only that here an instance is unhealthy and deleted on time, where Nacos looks every five seconds.
 */
export class FakeNacos {
  readonly server = new FakeServer((call) => this.#handle(call));
  /** Set: calls need a token, which a login with this password gives. */
  password: string | undefined;
  /** Where this share of a service, or less, is healthy, all of it is given as healthy. Undefined: the service has no settings. */
  protectThreshold: number | undefined;
  /** What an operator set for all instances. Undefined: what each asked for. */
  beatIntervalMs: number | undefined;
  readonly #hosts = new Map<string, Host>();
  #tokens = new Set<string>();

  async start(): Promise<this> {
    await this.server.start();
    return this;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** As a restart does: instances and tokens are gone. */
  forget(): void {
    this.#hosts.clear();
    this.#tokens.clear();
  }

  /** The time of its beats is over, after which it is unhealthy (`heart.beat`) or deleted (`ip.delete`). */
  expire(ip: string, what: 'heart.beat' | 'ip.delete' = 'heart.beat'): void {
    const defaultMs = what === 'heart.beat' ? 15_000 : 30_001;
    for (const host of this.#hosts.values())
      if (host.ip === ip) host.beatAt = Date.now() - timeoutOf(host, what, defaultMs) - 1;
  }

  add(host: Pick<Host, 'service' | 'ip' | 'port'> & Partial<Host>): void {
    const { service, ip, port } = host;
    this.#hosts.set(`${service} ${ip} ${port}`, {
      weight: 1,
      metadata: {},
      healthy: true,
      beatAt: Date.now(),
      enabled: true,
      ...host,
    });
  }

  /** How many instances of a service it has, healthy or not. */
  known(service: string): number {
    this.#deleteExpired();
    return [...this.#hosts.values()].filter((host) => host.service === service).length;
  }

  #handle(call: FakeCall): unknown {
    const { method, path, body, query, response, headers } = call;
    this.#deleteExpired();
    const params = Object.fromEntries(body === '' ? query : new URLSearchParams(body));
    if (path === '/nacos/v1/auth/login') return this.#login(params, response);
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    if (this.password !== undefined && !this.#tokens.has(token))
      return reply(response, 403, {
        timestamp: 'now',
        status: 403,
        error: 'Forbidden',
        message: 'token invalid!',
        path,
      });
    const at = `${method} ${path.replace('/nacos/v2/ns', '')}`;
    if (at === 'PUT /instance/beat') return this.#beat(params, response);
    const key = `${params.serviceName} ${params.ip} ${params.port}`;
    if (at === 'POST /instance') {
      const { serviceName = '', ip = '', port, weight = 1, healthy = 'true', metadata = '{}', ephemeral } = params;
      if (serviceName === '' || ip === '' || ephemeral !== 'true')
        return reply(response, 400, { code: 10000, message: 'parameter missing', data: null });
      const texts = JSON.parse(metadata) as Record<string, string>;
      const shortest = Math.min(
        timeoutOf({ metadata: texts }, 'heart.beat', 15_000),
        timeoutOf({ metadata: texts }, 'ip.delete', 30_000),
      );
      if (intervalOf({ metadata: texts }) > shortest)
        return reply(response, 400, { code: 20002, message: 'instance error', data: 'heart beat interval' });
      const given = { weight: Number(weight), healthy: healthy === 'true', metadata: texts };
      this.add({ service: serviceName, ip, port: Number(port), ...given });
      return success(response, 'ok');
    }
    if (at === 'DELETE /instance') {
      this.#hosts.delete(key);
      return success(response, 'ok');
    }
    if (at === 'GET /instance') {
      const host = this.#hosts.get(key);
      if (host === undefined)
        return reply(response, 404, { code: 20004, message: 'resource not found', data: 'no ip' });
      return success(response, this.#shown(host));
    }
    if (at === 'GET /instance/list') return success(response, this.#list(params.serviceName ?? ''));
    if (at === 'GET /service/list') return this.#services(params, response);
    reply(response, 404, { status: 404, error: 'Not Found', path });
  }

  #login(params: Record<string, string>, response: FakeCall['response']): unknown {
    if (params.password !== this.password) return reply(response, 403, 'unknown user!');
    const accessToken = crypto.randomUUID();
    this.#tokens.add(accessToken);
    reply(response, 200, { accessToken, tokenTtl: 18_000, globalAdmin: false });
  }

  /** Not wrapped, unlike all other answers of version 2. */
  #beat(params: Record<string, string>, response: FakeCall['response']): unknown {
    const [group, service] = (params.serviceName ?? '').split('@@');
    if (group === '' || service === undefined)
      return reply(response, 400, { code: 21000, message: 'service name error', data: 'groupName@@serviceName' });
    const host = this.#hosts.get(`${service} ${params.ip} ${params.port}`);
    if (host !== undefined) Object.assign(host, { beatAt: Date.now(), healthy: true });
    reply(response, 200, {
      clientBeatInterval: this.beatIntervalMs ?? (host === undefined ? 5_000 : intervalOf(host)),
      code: host === undefined ? 20_404 : 10_200,
      lightBeatEnabled: true,
    });
  }

  #list(service: string): unknown {
    const all = [...this.#hosts.values()].filter((host) => host.service === service && host.enabled);
    const hosts = all.map((host) => this.#shown(host));
    const healthy = hosts.filter((host) => host.healthy).length;
    const isProtected = this.protectThreshold !== undefined && healthy / hosts.length <= this.protectThreshold;
    return {
      name: `DEFAULT_GROUP@@${service}`,
      groupName: 'DEFAULT_GROUP',
      reachProtectionThreshold: isProtected,
      hosts: isProtected ? hosts.map((host) => ({ ...host, healthy: true })) : hosts,
    };
  }

  #deleteExpired(): void {
    for (const [key, host] of this.#hosts)
      if (Date.now() - host.beatAt > timeoutOf(host, 'ip.delete', 30_000)) this.#hosts.delete(key);
  }

  #services(params: Record<string, string>, response: FakeCall['response']): void {
    const names = [...new Set([...this.#hosts.values()].map(({ service }) => service))];
    const start = (Number(params.pageNo) - 1) * Number(params.pageSize);
    success(response, { count: names.length, services: names.slice(start, start + Number(params.pageSize)) });
  }

  #shown(host: Host) {
    const { ip, port, weight, metadata, enabled, beatAt } = host;
    const healthy = host.healthy && Date.now() - beatAt < timeoutOf(host, 'heart.beat', 15_000);
    return { ip, port, weight, enabled, healthy, ephemeral: true, metadata };
  }
}

function intervalOf({ metadata }: Pick<Host, 'metadata'>): number {
  return Number(metadata['preserved.heart.beat.interval'] ?? 5_000);
}

function timeoutOf({ metadata }: Pick<Host, 'metadata'>, what: 'heart.beat' | 'ip.delete', defaultMs: number): number {
  return Number(metadata[`preserved.${what}.timeout`] ?? defaultMs);
}

function success(response: FakeCall['response'], data: unknown): void {
  reply(response, 200, { code: 0, message: 'success', data });
}
