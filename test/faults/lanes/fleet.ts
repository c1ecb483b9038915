import { fleet, service } from 'flotilla/fleet';

/** gate ─▶ middle ─▶ leaf. */
export default fleet({
  services: {
    gate: service('./gate.ts', { port: 8080 }),
    middle: service('./hop.ts', { env: { HOP_NAME: 'middle', HOP_NEXT: 'leaf' } }),
    leaf: service('./hop.ts', { env: { HOP_NAME: 'leaf' } }),
  },
});
