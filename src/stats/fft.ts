/** The next power of two at or above n. */
export function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}

/**
 * Fast Fourier transform in place (Cooley and Tukey 1965, radix 2): `real` and `imaginary` hold the signal and then its
 * spectrum. The length must be a power of two. O(n log n); one table a length is kept.
 */
export function fft(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  const { cosines, sines } = rootsOf(n);
  for (let size = 2; size <= n; size *= 2) {
    const half = size >> 1;
    const stride = n / size;
    for (let start = 0; start < n; start += size) {
      for (let k = 0; k < half; k++) {
        const a = start + k;
        const b = a + half;
        const re = real[b] * cosines[k * stride] - imaginary[b] * sines[k * stride];
        const im = real[b] * sines[k * stride] + imaginary[b] * cosines[k * stride];
        real[b] = real[a] - re;
        imaginary[b] = imaginary[a] - im;
        real[a] += re;
        imaginary[a] += im;
      }
    }
  }
}

const roots = new Map<number, { readonly cosines: Float64Array; readonly sines: Float64Array }>();

/** The n-th roots of unity, kept for the few lengths (powers of two) that occur. */
function rootsOf(n: number): { readonly cosines: Float64Array; readonly sines: Float64Array } {
  const known = roots.get(n);
  if (known !== undefined) return known;
  const cosines = Float64Array.from({ length: n >> 1 }, (_, k) => Math.cos((-2 * Math.PI * k) / n));
  const sines = Float64Array.from({ length: n >> 1 }, (_, k) => Math.sin((-2 * Math.PI * k) / n));
  roots.set(n, { cosines, sines });
  return { cosines, sines };
}

/** Power at the frequencies k / length, k = 0 … length / 2, of a signal padded with zeros to `length` (a power of two). */
export function periodogram(signal: Float64Array, length = powerOfTwo(signal.length)): Float64Array {
  const real = new Float64Array(length);
  const imaginary = new Float64Array(length);
  real.set(signal);
  fft(real, imaginary);
  const out = new Float64Array((length >> 1) + 1);
  for (let k = 0; k < out.length; k++) out[k] = (real[k] ** 2 + imaginary[k] ** 2) / signal.length;
  return out;
}

/** Autocorrelation at lags 0 … maxLag of a signal with mean 0; each lag over the pairs it has, 0 for a signal without power. O(n log n). */
export function autocorrelation(signal: Float64Array, maxLag: number): Float64Array {
  const n = signal.length;
  const length = powerOfTwo(2 * n);
  const real = new Float64Array(length);
  const imaginary = new Float64Array(length);
  real.set(signal);
  fft(real, imaginary);
  for (let k = 0; k < length; k++) {
    real[k] = real[k] ** 2 + imaginary[k] ** 2;
    imaginary[k] = 0;
  }
  fft(real, imaginary);
  const out = new Float64Array(maxLag + 1);
  const power = real[0] / n;
  if (!(power > 0)) return out;
  for (let lag = 0; lag <= maxLag && lag < n; lag++) out[lag] = real[lag] / (n - lag) / power;
  return out;
}
