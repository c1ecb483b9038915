import { isStatusError, StatusError } from '../errors/index.ts';
import { checkInstance, checkName } from './instance.ts';
import type { Instance } from './registry.ts';

/**
 * The instances of a document that has a list for each service, of URLs or of instances. Throws `failed_precondition`
 * (BROKEN_FILE), which names the place, for anything else: a list that was half understood would be taken for a small one.
 */
export function parseInstances(document: unknown): readonly Instance[] {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw broken('it must have a list of instances by the name of each service');
  const instances: Instance[] = [];
  for (const [service, list] of Object.entries(document)) {
    if (!Array.isArray(list)) throw broken(`${service} must be a list of URLs or of instances`);
    const ids = new Set<string>();
    for (const [index, entry] of list.entries()) {
      const instance = parseInstance(service, entry, index);
      if (ids.has(instance.id)) throw broken(`${service} has two instances with the id ${instance.id}`);
      ids.add(instance.id);
      instances.push(instance);
    }
  }
  return instances;
}

function parseInstance(service: string, entry: unknown, index: number): Instance {
  try {
    checkName('service', service);
    if (typeof entry === 'string')
      return checkInstance({ id: idOf(entry), service, endpoints: { rpc: entry, http: entry } });
    const { id = `${service}-${index + 1}` } = record(entry);
    return checkInstance({ ...record(entry), id, service });
  } catch (error) {
    throw broken(`${service}[${index}]: ${isStatusError(error) ? error.message : String(error)}`);
  }
}

/** By its address: a list in another order, or with another one before it, has the same instances. */
function idOf(url: string): string {
  const { host } = URL.parse(url) ?? { host: '' };
  return host.replace(/[^A-Za-z0-9._-]/g, '-').replace(/^-+|-+$/g, '');
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function broken(why: string): StatusError {
  return new StatusError('failed_precondition', why, { reason: 'BROKEN_FILE' });
}
