import type { Endpoint } from '../service/index.ts';

/** What a service process says to its supervisor. `service` is given by a process that runs several. */
export type ChildMessage =
  /** It takes the public connections of this name. */
  | { readonly type: 'listen'; readonly name: string; readonly service?: string }
  | { readonly type: 'ready'; readonly endpoints: readonly Endpoint[] }
  | { readonly type: 'draining' }
  | { readonly type: 'failed'; readonly message: string; readonly code?: string; readonly fix?: string };

/** What the supervisor says to a service process. */
export type ParentMessage =
  /** It accepts on the listening socket that it inherited under this descriptor, from now on. */
  | { readonly type: 'accept'; readonly name: string; readonly service: string; readonly descriptor: number }
  /** It closes that descriptor: it accepts no more. */
  | { readonly type: 'pause'; readonly name: string; readonly service: string }
  /** `isRenewal`: its successor serves already. Sent again without it when there is no more time to wait for clients. */
  | { readonly type: 'drain'; readonly isRenewal: boolean };

/** A longer one is cut: the text is shown to a person. */
const maxMessage = 16_384;

/** The message, or undefined for anything else: a service may use the channel for its own purposes. */
export function readChildMessage(value: unknown): ChildMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const message = value as Readonly<Record<string, unknown>>;
  switch (message.type) {
    case 'listen':
      if (typeof message.name !== 'string') return undefined;
      return {
        type: 'listen',
        name: message.name,
        ...(typeof message.service === 'string' && { service: message.service }),
      };
    case 'ready':
      return { type: 'ready', endpoints: readEndpoints(message.endpoints) };
    case 'draining':
      return { type: 'draining' };
    case 'failed': {
      const text = typeof message.message === 'string' ? message.message.slice(0, maxMessage) : 'no message';
      const { code, fix } = message;
      return {
        type: 'failed',
        message: text,
        ...(typeof code === 'string' && { code }),
        ...(typeof fix === 'string' && { fix: fix.slice(0, maxMessage) }),
      };
    }
    default:
      return undefined;
  }
}

function readEndpoints(value: unknown): readonly Endpoint[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one): one is Endpoint =>
      typeof one === 'object' && one !== null && typeof one.name === 'string' && typeof one.url === 'string',
  );
}
