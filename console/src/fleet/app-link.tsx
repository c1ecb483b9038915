import { appUrl } from './app-url.ts';
import { useFleet } from './fleet-context.tsx';

/** The app's address as a link, where the fleet has registered one; else its name, for the middle of a sentence. */
export function AppLink() {
  const url = appUrl(useFleet().services);
  return url === undefined ? <>the app</> : <a href={url}>{url}</a>;
}
