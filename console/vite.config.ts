import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * Relative asset paths, so that the console works below any path; nothing inlined and no inline script, so that it runs
 * under `default-src 'self'`. In development (`npx vite console`) the API of a running fleet is proxied.
 */
export default defineConfig({
  base: './',
  logLevel: 'warn',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: process.env.FLOTILLA_CONSOLE_URL ?? 'http://127.0.0.1:8081', changeOrigin: true } },
  },
});
