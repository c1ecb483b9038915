import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../concurrency/index.ts';
import {
  type Lease,
  type ListSource,
  type Registry,
  type RegistryBackend,
  type RemoteRegistryOptions,
  remoteRegistry,
} from '../../discovery/index.ts';
import { KubernetesClient } from './kubernetes-client.ts';
import { SliceLists } from './slice-lists.ts';

export interface KubernetesRegistryOptions extends RemoteRegistryOptions {
  /** Default: the pod's, or `default` outside of one. */
  readonly namespace?: string;
  /** The API server. Default: the one that pods are told of, `https://kubernetes.default.svc`. */
  readonly url?: string;
  /** Where `token`, `ca.crt` and `namespace` of the service account lie; '' for none. Default: where Kubernetes puts them. */
  readonly accountDir?: string;
  /** The label of a Service that names the version of its instances. Default: `app.kubernetes.io/version`. */
  readonly versionLabel?: string;
  /** The label of a Service that names the lane of its instances. Default: `flotilla.dev/lane`. */
  readonly laneLabel?: string;
  /** How long one watch lasts before the server is asked to end it. Default: 290,000. */
  readonly watchMs?: number;
}

/**
 * Who runs where, as Kubernetes knows it: a service's ready pods, from its EndpointSlices, with zone and node in the
 * metadata. While the API server is away the last lists stay in use. `register` succeeds and keeps nothing: an app becomes
 * listed by its readiness probe. Throws a TypeError for a bad URL.
 */
export function kubernetesRegistry(options: KubernetesRegistryOptions = {}): Registry {
  return remoteRegistry(new KubernetesBackend(options), options);
}

const defaultAccountDir = '/var/run/secrets/kubernetes.io/serviceaccount';

class KubernetesBackend implements RegistryBackend {
  readonly name: string;
  readonly #client: KubernetesClient;
  readonly #options: KubernetesRegistryOptions;
  readonly #namespace: string;

  constructor(options: KubernetesRegistryOptions) {
    const { url = 'https://kubernetes.default.svc', accountDir = defaultAccountDir } = options;
    const file = (name: string) => (accountDir === '' ? undefined : join(accountDir, name));
    const caFile = url.startsWith('https:') ? file('ca.crt') : undefined;
    this.#client = new KubernetesClient({ url, tokenFile: file('token'), caFile });
    this.#options = options;
    this.#namespace = options.namespace ?? namespaceIn(file('namespace'));
    this.name = `kubernetes at ${this.#client.url}, namespace ${this.#namespace}`;
  }

  async register(): Promise<Lease> {
    return { heartbeatMs: Number.POSITIVE_INFINITY, renew: async () => {}, release: async () => {} };
  }

  source(service: string | undefined): ListSource {
    const { versionLabel = 'app.kubernetes.io/version', laneLabel = 'flotilla.dev/lane' } = this.#options;
    const { watchMs = 290_000, random = Math.random } = this.#options;
    return new SliceLists({
      client: this.#client,
      namespace: this.#namespace,
      service,
      labels: { version: versionLabel, lane: laneLabel },
      // Not all at the same time, when they began at the same time.
      watchSeconds: Math.ceil((watchMs / 1_000) * (1 - random() / 5)),
    });
  }

  close(ctx: Context): Promise<void> {
    return this.#client.close(ctx);
  }
}

function namespaceIn(file: string | undefined): string {
  try {
    return file === undefined ? 'default' : readFileSync(file, 'utf8').trim() || 'default';
  } catch {
    return 'default';
  }
}
