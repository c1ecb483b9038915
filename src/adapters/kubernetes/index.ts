/**
 * # flotilla/adapters/kubernetes
 *
 * A `Registry` of `flotilla/discovery` that reads the EndpointSlices of Kubernetes.
 *
 *     const registry = kubernetesRegistry();             // in a pod: its namespace, its service account
 *     const host = createHost({ instance: 'room-1', registry });
 *
 * Rules: Kubernetes decides who is listed, by readiness; `register` succeeds and keeps nothing. The service account needs
 * `get`, `list` and `watch` of `endpointslices` in `discovery.k8s.io`. Not here: writing anything.
 */
export { type KubernetesRegistryOptions, kubernetesRegistry } from './kubernetes-registry.ts';
