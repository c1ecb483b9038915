import { pathToFileURL } from 'node:url';
import {
  type App,
  appGroup,
  createHost,
  type Host,
  type Main,
  processHost,
  run,
  type SupervisorChannel,
  supervisedListener,
} from '../app/index.ts';
import { StatusError } from '../errors/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { createLocalNetwork, type LocalNetwork } from '../rpc/index.ts';
import type { UnitService } from './plan.ts';

/**
 * Several services of a fleet in this one process: each gets a host of its own with its own environment, name and
 * telemetry, and all share the registry, the resolver and a local network, over which they call each other in memory.
 * The supervisor names them in `FLOTILLA_COLOCATED`.
 */
async function colocated(host: Host): Promise<App> {
  const services = readServices(host.env.FLOTILLA_COLOCATED);
  const local = createLocalNetwork({ lane: host.lane() });
  // Who takes public calls starts last and is drained first, so that it finds those it calls.
  const ordered = services.toSorted((a, b) => Number(a.port !== undefined) - Number(b.port !== undefined));
  const mains = await Promise.all(ordered.map(loadMain));
  const apps: App[] = [];
  for (const [index, service] of ordered.entries()) apps.push(await mains[index]!(hostOf(host, service, local)));
  return appGroup('colocated', apps);
}

function readServices(text: string | undefined): readonly UnitService[] {
  if (text !== undefined) return JSON.parse(text);
  throw new StatusError(
    'failed_precondition',
    'FLOTILLA_COLOCATED is not set: this file is run by flotilla up --colocate',
    {
      reason: 'NOT_SUPERVISED',
    },
  );
}

async function loadMain({ name, entry }: UnitService): Promise<Main> {
  const { main }: { main?: Main } = await import(pathToFileURL(entry).href);
  if (typeof main === 'function') return main;
  throw new StatusError('failed_precondition', `${name} cannot share a process: ${entry} does not export main`, {
    reason: 'NO_MAIN',
  });
}

function hostOf(host: Host, service: UnitService, local: LocalNetwork): Host {
  const { FLOTILLA_COLOCATED: _, ...shared } = host.env;
  const env = { ...shared, ...service.env, ...(service.port !== undefined && { FLOTILLA_PORT: String(service.port) }) };
  const { supervisor } = processHost();
  return createHost({
    env,
    // `colocated.2` is the second process of its kind: `room-1.2`.
    instance: host.instance.replace(/^colocated/, `${service.name}-1`),
    registry: host.registry(),
    resolver: host.resolver(),
    local,
    listener(name, fallback) {
      const { port } = service;
      if (name !== 'http' || port === undefined || supervisor === undefined) return tcpListener(fallback);
      return supervisedListener({ channel: channelOf(supervisor, service.name), name, port });
    },
  });
}

/** The part of the process's channel that concerns one service. */
function channelOf(channel: SupervisorChannel, service: string): SupervisorChannel {
  return {
    send(message) {
      const named = { ...message, service };
      return channel.send(named);
    },
    onMessage: (fn) =>
      channel.onMessage((message) => {
        const addressee = (message as { readonly service?: string }).service;
        if (addressee === undefined || addressee === service) fn(message);
      }),
    onDisconnect: (fn) => channel.onDisconnect(fn),
  };
}

await run(colocated);
