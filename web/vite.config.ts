/**
 * Builds the web application into build/web, which the server serves. The output must run under
 * `script-src 'self'; worker-src 'self' blob:`: nothing is inlined into the page or into data: addresses.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env.TORV_DEV_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  // its worker is loaded by address and must be the same build as the library
  optimizeDeps: { exclude: ['maplibre-gl'] },
  build: {
    outDir: '../build/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1100,
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(['/api', '/sta', '/ingest', '/data'].map((path) => [path, server])),
  },
});
