import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The Python that has scikit-learn: AUSPEX_PYTHON, or Debian's. */
const python = process.env['AUSPEX_PYTHON'] ?? '/usr/bin/python3';

/** One thread for everything that numpy and scikit-learn may call. */
const oneThread = {
  OMP_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  NUMEXPR_NUM_THREADS: '1',
  BLIS_NUM_THREADS: '1',
};

/** Runs a script of bench/python with one thread; what it prints is JSON. Null with the reason when it cannot run here. */
export function runPython(script: string, args: readonly string[]): { answer: unknown; why: string } {
  const path = fileURLToPath(new URL(`./python/${script}`, import.meta.url));
  const result = spawnSync(python, [path, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...oneThread },
    maxBuffer: 1 << 28,
  });
  if (result.error !== undefined) return { answer: null, why: `${python}: ${result.error.message}` };
  if (result.status !== 0) return { answer: null, why: result.stderr.trim().split('\n').at(-1) ?? 'it failed' };
  return { answer: JSON.parse(result.stdout) as unknown, why: '' };
}
