import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';

const root = fileURLToPath(new URL('.', import.meta.url));
const source = fileURLToPath(new URL('./src', import.meta.url));

/**
 * What runs is bundled with the packages that every start needs: as a thousand single modules their sources and records
 * cost 11 MB of memory and half of the start. Packages with native parts and those that few starts need stay as they are.
 */
export default defineConfig({
  input: {
    'cli/main': 'src/cli/main.ts',
    index: 'src/index.ts',
    'learners/index': 'src/learners/index.ts',
    'store/writer-thread': 'src/store/writer-thread.ts',
    'store/reader-thread': 'src/store/reader-thread.ts',
    'engine/detection-thread': 'src/engine/detection-thread.ts',
  },
  cwd: root,
  platform: 'node',
  logLevel: 'warn',
  external: [/^(ink|nodemailer|pg|pino|react|snappy|systeminformation|undici|yaml)(\/|$)/],
  plugins: [
    {
      name: 'own-place',
      // A module that asks where it lies is told its own place in dist/, not that of the chunk it was put into; all chunks
      // and the entries that hold such modules lie one folder deep.
      transform(code, id) {
        if (!id.startsWith(source) || !code.includes('import.meta.url')) return null;
        const place = `../${relative(source, id).replace(/\.tsx?$/, '.js')}`;
        return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`);
      },
    },
  ],
  output: {
    dir: 'dist',
    format: 'esm',
    minify: { mangle: false, compress: true, codegen: { removeWhitespace: true } },
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
  },
});
