import { ServiceBroker } from 'moleculer';

/** Two nodes that know of each other by address, without what is off by default: metrics, tracing, cache, validation. */
export function moleculerBroker(nodeID: string, options: { readonly port?: number; readonly urls?: string }) {
  return new ServiceBroker({
    nodeID,
    logger: false,
    validator: false,
    transporter: { type: 'TCP', options: { udpDiscovery: false, useHostname: false, ...options } },
  });
}
