import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { SeasonalNaive } from '../forecast/seasonal-naive.ts';
import { LstmCell } from './lstm-cell.ts';
import { LstmForecaster } from './lstm-forecaster.ts';

test('the gradient equals finite differences of the squared error', () => {
  const random = new SeededRandom(1);
  const [inputs, hidden, steps] = [2, 3, 5];
  const cell = new LstmCell(inputs, hidden, steps);
  for (let i = 0; i < cell.weights.length; i++) cell.weights[i] = random.normal() * 0.5;
  const x = Float64Array.from({ length: steps * inputs }, () => random.normal());
  const target = Float64Array.from({ length: steps }, () => random.normal());
  const errors = new Float64Array(steps);
  const loss = (): number => {
    cell.reset();
    let sum = 0;
    for (let t = 0; t < steps; t++) {
      errors[t] = cell.step(x, t * inputs, t) - (target[t] ?? 0);
      sum += (errors[t] ?? 0) ** 2 / 2;
    }
    return sum;
  };
  loss();
  cell.backward(x, errors, steps);
  const gradient = Float64Array.from(cell.gradient);
  for (let i = 0; i < gradient.length; i++) {
    const kept = cell.weights[i] ?? 0;
    cell.weights[i] = kept + 1e-5;
    const above = loss();
    cell.weights[i] = kept - 1e-5;
    const below = loss();
    cell.weights[i] = kept;
    expect(gradient[i]).toBeCloseTo((above - below) / 2e-5, 6);
  }
});

test('it learns what the season before does not tell: a wave of another length', () => {
  const random = new SeededRandom(2);
  const wave = (t: number) => 10 * Math.sin((2 * Math.PI * t) / 24) + 6 * Math.sin((2 * Math.PI * t) / 17);
  const y = Float64Array.from({ length: 600 }, (_, t) => wave(t) + random.normal() * 0.3);
  const error = (forecast: Float64Array) =>
    forecast.reduce((sum, value, k) => sum + Math.abs(value - wave(600 + k)) / forecast.length, 0);
  const ours = error(new LstmForecaster({ season: 24, epochs: 40 }).fit(y).forecast(12));
  expect(ours).toBeLessThan(0.6 * error(new SeasonalNaive({ season: 24 }).fit(y).forecast(12)));
});
