import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Puts the theme script, unbundled and blocking, before everything else; the page's CSP allows no inline script. */
function firstPaint(): Plugin {
  const name = 'assets/first-paint.js';
  return {
    name: 'auspex-first-paint',
    apply: 'build',
    generateBundle() {
      const source = readFileSync(new URL('./src/first-paint.js', import.meta.url), 'utf8');
      this.emitFile({ type: 'asset', fileName: name, source });
    },
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: `./${name}` }, injectTo: 'head' }],
  };
}

/** In development the page lies at the root; in the build the server puts its base path in. */
function developmentBase(): Plugin {
  return {
    name: 'auspex-development-base',
    apply: 'serve',
    transformIndexHtml: (html) => html.replace('__AUSPEX_BASE__', ''),
  };
}

/** Writes .gz and .br beside every text asset, so that the server compresses nothing while it runs. */
function compressed(): Plugin {
  return {
    name: 'auspex-compressed',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          if (!/\.(js|css|svg)$/.test(fileName)) continue;
          const source = Buffer.from(file.type === 'chunk' ? file.code : file.source);
          if (source.length < 512) continue;
          this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(source, { level: 9 }) });
          const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
          this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: brotliCompressSync(source, { params }) });
        }
      },
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [react(), firstPaint(), developmentBase(), compressed()],
  build: { target: 'es2023', manifest: 'manifest.json', assetsInlineLimit: 0, chunkSizeWarningLimit: 400 },
  server: { proxy: { '/api': { target: process.env['AUSPEX_URL'] ?? 'http://127.0.0.1:4700', ws: true } } },
});
