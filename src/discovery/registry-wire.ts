import { StatusError } from '../errors/index.ts';
import { checkInstance, isSameInstance } from './instance.ts';
import type { Instance } from './registry.ts';

/**
 * The registry over HTTP, version 1. All bodies are JSON.
 *
 *     POST   /registry/v1/instances                       { instance, lease }   201 { ttlMs, heartbeatMs }
 *     POST   /registry/v1/instances/:service/:id/renew    { lease }             204, 404 NOT_REGISTERED, 409 INSTANCE_REPLACED
 *     DELETE /registry/v1/instances/:service/:id?lease=                         204
 *     GET    /registry/v1/services/:service?cursor=&waitMs=                     200 list, 204 nothing new
 *     GET    /registry/v1/services?cursor=&waitMs=                              200 all lists, 204 nothing new
 *
 * The lease is a random text that the instance chose: who does not know it cannot renew or remove the registration. The
 * cursor stands for what a client has seen. It holds the epoch, a random text of each start of the registry, and the
 * revision, and is compared for equality only: after a restart no cursor matches, so a client never takes a new list for
 * one that it knows.
 */
export const wirePaths = {
  instances: '/registry/v1/instances',
  instance: '/registry/v1/instances/:service/:id',
  renew: '/registry/v1/instances/:service/:id/renew',
  services: '/registry/v1/services',
  service: '/registry/v1/services/:service',
} as const;

/** The answer to a registration. */
export interface LeaseTerms {
  readonly ttlMs: number;
  readonly heartbeatMs: number;
}

/** A list as it is sent. */
export interface WireList {
  readonly cursor: string;
  /** Random, new at each start of the registry. */
  readonly epoch: string;
  /** False in the first TTL after a start: those registered before may not have come back yet. */
  readonly complete: boolean;
  readonly instances: readonly Instance[];
}

/** All lists, by service. */
export interface WireLists extends Omit<WireList, 'instances'> {
  readonly services: Readonly<Record<string, readonly Instance[]>>;
}

export function parseTerms(body: unknown): LeaseTerms {
  const { ttlMs, heartbeatMs } = record(body);
  if (!(isCount(ttlMs) && isCount(heartbeatMs))) throw notARegistry('the terms of a lease');
  return { ttlMs, heartbeatMs };
}

/** The last list of a service, by id. */
export type KnownInstances = ReadonlyMap<string, Instance>;

export function parseList(body: unknown, known?: KnownInstances): WireList {
  return { ...parseHead(body), instances: parseInstances(record(body).instances, known) };
}

export function parseLists(body: unknown): WireLists {
  const services = Object.entries(record(record(body).services));
  return {
    ...parseHead(body),
    services: Object.fromEntries(services.map(([name, list]) => [name, parseInstances(list)])),
  };
}

function parseHead(body: unknown): Omit<WireList, 'instances'> {
  const { cursor, epoch, complete } = record(body);
  if (typeof cursor !== 'string' || typeof epoch !== 'string' || typeof complete !== 'boolean')
    throw notARegistry('a list');
  return { cursor, epoch, complete };
}

/**
 * Those that this version understands; a newer registry may know instances that it does not. Of a list most are as they
 * were in the last one: `known` has those by id, and checking costs more than looking whether anything differs.
 */
function parseInstances(list: unknown, known?: KnownInstances): Instance[] {
  if (!Array.isArray(list)) throw notARegistry('a list');
  return list.flatMap((value) => {
    const last = known?.get(record(value).id as string);
    if (last !== undefined && isSameInstance(last, value)) return [last];
    try {
      return [checkInstance(value)];
    } catch {
      return [];
    }
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function notARegistry(expected: string): StatusError {
  return new StatusError('unavailable', `the answer is not ${expected}: is this the address of a registry?`, {
    reason: 'NOT_A_REGISTRY',
  });
}
