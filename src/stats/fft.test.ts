import { expect, test } from 'vitest';
import { autocorrelation, fft, periodogram } from './fft.ts';
import { SeededRandom } from './random.ts';

test('equals the discrete Fourier sum written out', () => {
  const random = new SeededRandom(1);
  const n = 64;
  const signal = Float64Array.from({ length: n }, () => random.normal());
  const real = Float64Array.from(signal);
  const imaginary = new Float64Array(n);
  fft(real, imaginary);
  for (let k = 0; k < n; k++) {
    let re = 0;
    let im = 0;
    for (let i = 0; i < n; i++) {
      re += (signal[i] ?? 0) * Math.cos((2 * Math.PI * k * i) / n);
      im -= (signal[i] ?? 0) * Math.sin((2 * Math.PI * k * i) / n);
    }
    expect(real[k]).toBeCloseTo(re, 9);
    expect(imaginary[k]).toBeCloseTo(im, 9);
  }
});

test('the power of a sine stands at its frequency', () => {
  const power = periodogram(Float64Array.from({ length: 256 }, (_, i) => Math.sin((2 * Math.PI * i * 8) / 256)));
  expect(power.indexOf(Math.max(...power))).toBe(8);
});

test('autocorrelation equals the sum over pairs', () => {
  const random = new SeededRandom(2);
  const n = 50;
  const signal = Float64Array.from({ length: n }, () => random.normal());
  const acf = autocorrelation(signal, 10);
  const power = signal.reduce((sum, x) => sum + x * x, 0) / n;
  for (let lag = 0; lag <= 10; lag++) {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += (signal[i] ?? 0) * (signal[i - lag] ?? 0);
    expect(acf[lag]).toBeCloseTo(sum / (n - lag) / power, 9);
  }
});
