/**
 * # The Flotilla console
 *
 * One page over the collector's JSON API: services and their health, traces with a waterfall, logs with a live tail, the
 * service map and metrics, each linked to the others. `npx vite build console` writes it to `console/dist` as static files;
 * `npx vite console` serves it for development, with the API of a running fleet behind it.
 *
 * Rules: what a view shows stands in its address; data is text, never markup; logic without a page (trees, formats, layout,
 * addresses) lies in `.ts` files of its own with tests beside them. Not here: storage and search (`src/collector`).
 */
import './theme/tokens.css';
import './theme/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { CollectorClient } from './api/collector-client.ts';
import { CollectorContext } from './api/collector-context.ts';
import { App } from './shell/app.tsx';

createRoot(document.getElementById('console')!).render(
  <StrictMode>
    <CollectorContext value={new CollectorClient()}>
      <App />
    </CollectorContext>
  </StrictMode>,
);
