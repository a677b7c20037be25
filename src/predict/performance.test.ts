import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { hostHealth, hostLoad } from './host-health.ts';
import { PerformanceModel, predictPerformance, trainPerformance } from './performance.ts';
import { type FigureHistory, PERFORMANCE_FIGURES } from './performance-features.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const END = Date.UTC(2026, 4, 20);
const CPU = PERFORMANCE_FIGURES.indexOf('auspex_host_cpu_ratio');
const MEMORY = PERFORMANCE_FIGURES.indexOf('auspex_host_memory_ratio');
const WRITES = PERFORMANCE_FIGURES.indexOf('auspex_host_disk_write_bytes_per_second');

function history(nRows: number, cpu: (row: number) => number, seed = 1, endAt = END): FigureHistory {
  const random = new SeededRandom(seed);
  const width = PERFORMANCE_FIGURES.length;
  const values = new Float64Array(nRows * width);
  for (let row = 0; row < nRows; row++) {
    for (let j = 0; j < width; j++) values[row * width + j] = 0.1 + random.normal() * 0.01;
    values[row * width + CPU] = Math.max(0, Math.min(1, cpu(row)));
    values[row * width + WRITES] = 1e6 * (1 + 0.1 * random.normal());
  }
  return { columns: PERFORMANCE_FIGURES, values, nRows, stepMs: MINUTE, endAt, timeZone: 'UTC' };
}

/** Work that piles up for an hour and is then done at once: where it stands and how it rises tells what comes in 15 minutes. */
const rhythm = (random: SeededRandom) => (row: number) => 0.4 + ((row % 60) / 60) * 0.6 + random.normal() * 0.01;

test('health falls as a resource nears its limit, the worst one counts most, missing figures are left out', () => {
  const idle = hostHealth({ auspex_host_cpu_ratio: 0.1, auspex_host_memory_ratio: 0.4, auspex_host_disk_ratio: 0.5 });
  expect(idle.score).toBe(100);
  expect(idle.sentence).toBe('No resource is near its limit.');
  const full = hostHealth({ auspex_host_cpu_ratio: 0.1, auspex_host_memory_ratio: 0.4, auspex_host_disk_ratio: 0.98 });
  expect(full.score).toBeLessThan(50);
  expect(full.sentence).toBe('Disk used is at 98 %, above 80 %.');
  expect(full.dimensions.find((d) => d.name === 'disk')?.score).toBeCloseTo(10, 6);
  expect(hostHealth({}).score).toBeNull();
  expect(hostHealth({ auspex_host_cpu_ratio: null, auspex_host_memory_ratio: Number.NaN }).score).toBeNull();
  let before = 101;
  for (let cpu = 0.7; cpu <= 1; cpu += 0.05) {
    const score = hostHealth({ auspex_host_cpu_ratio: cpu, auspex_host_memory_ratio: 0.1 }).score ?? 0;
    expect(score).toBeLessThanOrEqual(before);
    before = score;
  }
  expect(hostLoad({ auspex_host_cpu_ratio: 0.3, auspex_host_memory_ratio: 0.85 })).toBeCloseTo(85, 9);
});

test('where the future follows from the past the forest serves, and foretells later rows better than "nothing changes"', () => {
  const trained = trainPerformance(history(2400, rhythm(new SeededRandom(3))), 7);
  expect(trained.serves).toBe('random-forest');
  expect(trained.metrics['meanAbsoluteErrorPoints']).toBeLessThan(
    0.6 * (trained.metrics['persistenceMeanAbsoluteErrorPoints'] ?? 0),
  );
  expect(trained.metrics['heldOutCoverageRatio']).toBeGreaterThan(0.8);
  if (trained.bytes === null) throw new Error('not trained');
  const model = new PerformanceModel(trained.bytes);
  const later = history(900, rhythm(new SeededRandom(4)), 5, END + DAY);
  let error = 0;
  let naive = 0;
  let held = 0;
  let n = 0;
  for (let row = 30; row < 880; row += 9) {
    const slice = later.values.slice((row - 9) * PERFORMANCE_FIGURES.length, (row + 1) * PERFORMANCE_FIGURES.length);
    const p = model.predict({ ...later, values: slice, nRows: 10, endAt: later.endAt - (899 - row) * MINUTE });
    const truth = hostHealth(
      Object.fromEntries(
        PERFORMANCE_FIGURES.map((name, j) => [name, later.values[(row + 15) * PERFORMANCE_FIGURES.length + j]]),
      ),
    ).score;
    error += Math.abs((p.value ?? 0) - (truth ?? 0));
    naive += Math.abs((p.baseline ?? 0) - (truth ?? 0));
    if ((truth ?? 0) >= (p.lower ?? 0) && (truth ?? 0) <= (p.upper ?? 0)) held++;
    n++;
  }
  expect(error).toBeLessThan(0.7 * naive);
  expect(held / n).toBeGreaterThan(0.8);
});

test('where nothing can be foretold persistence serves, and says so', () => {
  const random = new SeededRandom(8);
  const trained = trainPerformance(
    history(1500, () => 0.3 + random.normal() * 0.02),
    7,
  );
  expect(trained.serves).toBe('persistence');
  expect(trained.reason).toContain('persistence answers');
  if (trained.bytes === null) throw new Error('not trained');
  const p = predictPerformance(
    trained.bytes,
    history(10, () => 0.9),
  );
  expect(p.model).toBe('persistence');
  expect(p.value).toBe(p.baseline);
  expect(p.explanation).toContain('This assumes that nothing changes');
});

test('a champion goes on while it errs less on moments that neither has seen, and gives way to who does', () => {
  // Long learnt, the champion knows the rhythm; the challenger is shown a short history full of noise before it.
  const known = trainPerformance(history(2400, rhythm(new SeededRandom(3))), 7);
  if (known.bytes === null) throw new Error('not trained');
  const noise = new SeededRandom(21);
  const rows = rhythm(new SeededRandom(4));
  const short = history(900, (row) => (row < 560 ? 0.4 + noise.next() * 0.6 : rows(row)), 5, END + DAY);
  const champion = { version: 4, bytes: known.bytes, trainedTo: END };
  const beaten = trainPerformance(short, 7, champion);
  expect(beaten.champion).toMatch(
    /^Version 4 goes on: on the last \d+ moments, which neither had seen, it errs by [\d.]+ points/,
  );
  expect(trainPerformance(short, 7).champion).toBeNull();
  // Who has seen the same moments is not compared, and who is worse gives way.
  expect(trainPerformance(short, 7, { ...champion, trainedTo: END + DAY }).champion).toBeNull();
  const still = trainPerformance(
    history(1500, () => 0.3 + noise.normal() * 0.02),
    7,
  );
  if (still.bytes === null) throw new Error('not trained');
  const later = history(2400, rhythm(new SeededRandom(6)), 5, END + 3 * DAY);
  expect(trainPerformance(later, 7, { version: 5, bytes: still.bytes, trainedTo: END }).champion).toBeNull();
});

test('with too little history nothing is trained and the wait is named', () => {
  const trained = trainPerformance(
    history(100, () => 0.3),
    7,
  );
  expect(trained.bytes).toBeNull();
  expect(trained.reason).toBe('Needs 200 moments whose next 15 minutes are known and has 85: ready in 1 h 55 min.');
  expect(trained.readyInMs).toBe(115 * MINUTE);
});

test('the explanation speaks of what moved: memory that rises, writes that doubled; advice names the resource', () => {
  const random = new SeededRandom(9);
  const { bytes } = trainPerformance(
    history(800, () => 0.3 + random.normal() * 0.02),
    7,
  );
  if (bytes === null) throw new Error('not trained');
  const window = history(10, () => 0.3);
  for (let row = 0; row < 10; row++) {
    window.values[row * PERFORMANCE_FIGURES.length + MEMORY] = 0.9 + row * 0.005;
    window.values[row * PERFORMANCE_FIGURES.length + WRITES] = 2e6;
  }
  const p = predictPerformance(bytes, window);
  expect(p.explanation).toMatch(/[Mm]emory used is rising 30 points an hour/);
  expect(p.explanation).toMatch(/disk writes is twice the usual \(1\.9 MiB\/s, usually \d+ KiB\/s\)/i);
  expect(p.recommendations[0]).toContain('Memory used is at 95 %');
  expect(p.load).toBeGreaterThan(80);
  expect(p.contributions.reduce((sum, c) => sum + c.share, 0)).toBeCloseTo(1, 9);
});

test('the same history and seed give the same bytes; damaged bytes, missing figures and another step are met with words', () => {
  const make = () => trainPerformance(history(400, rhythm(new SeededRandom(3))), 7).bytes ?? new Uint8Array(0);
  const bytes = make();
  expect(make()).toEqual(bytes);
  const altered = Uint8Array.from(bytes);
  altered[100] = (altered[100] ?? 0) ^ 4;
  expect(() => new PerformanceModel(altered)).toThrow(expect.objectContaining({ code: 'MODEL_DAMAGED' }));
  const window = history(10, () => 0.3);
  window.values.fill(Number.NaN);
  const p = predictPerformance(bytes, window);
  expect(p.value).toBeNull();
  expect(p.explanation).toContain('nothing can be said');
  expect(() => predictPerformance(bytes, { ...window, stepMs: 10_000 })).toThrow('steps of 10000 ms');
});
