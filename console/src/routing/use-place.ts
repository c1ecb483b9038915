import { useMemo, useSyncExternalStore } from 'react';
import { type Place, parsePlace } from './place.ts';

/** Where the reader is now. The same object until the address changes. */
export function usePlace(): Place {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => parsePlace(hash), [hash]);
}

/**
 * Goes to an address made by `formatPlace`. With `replace` the step back leads past the present place: for what changes
 * with every key stroke.
 */
export function navigate(address: string, options: { readonly replace?: boolean } = {}): void {
  if (address === window.location.hash) return;
  if (options.replace === true) window.history.replaceState(window.history.state, '', address);
  else window.history.pushState(null, '', address);
  window.dispatchEvent(new Event(moved));
}

/** `pushState` and `replaceState` fire no event of their own. */
const moved = 'flotilla:moved';

function subscribe(listener: () => void): () => void {
  for (const event of ['hashchange', 'popstate', moved]) window.addEventListener(event, listener);
  return () => {
    for (const event of ['hashchange', 'popstate', moved]) window.removeEventListener(event, listener);
  };
}
