import { expect, test } from 'vitest';
import { type ServiceFigures, serviceDimensions, type UsualFigure } from './service-health.ts';

const usual = (value: number, mean: number, spread = mean / 5): UsualFigure => ({
  value,
  mean,
  lower: mean - spread,
  upper: mean + spread,
});
const only = (value: number): UsualFigure => ({ value, mean: null, lower: null, upper: null });
function service(...instances: Readonly<Record<string, UsualFigure>>[]): ServiceFigures {
  return {
    instances: instances.map((figures) => ({
      figures: new Map(Object.entries(figures).map(([name, figure]) => [`auspex_service_${name}`, figure])),
    })),
    listens: false,
    business: new Map(),
    jobs: new Map(),
  };
}
function dimension(of: ServiceFigures, name: string) {
  const found = serviceDimensions(of).dimensions.find((one) => one.name === name);
  return found === undefined ? null : [Math.round(found.score), found.reason];
}

test.each<[string, ServiceFigures, string, [number, string] | null]>([
  ['listens', { ...service(), listens: true }, 'availability', [100, 'it listens']],
  ['answers', service({ down_ratio: only(0) }), 'availability', [100, 'it answers']],
  ['one that is down', service({ down_ratio: only(1) }), 'availability', [0, 'it does not answer']],
  [
    'one of three down',
    service({ down_ratio: only(1) }, { down_ratio: only(0) }, { down_ratio: only(0) }),
    'availability',
    [67, 'not answering: 1 of 3 instances'],
  ],
  [
    'few failures',
    service({ error_ratio: usual(0.005, 0.004) }),
    'errors',
    [100, 'requests that fail 0.5 %, usually 0.4 %'],
  ],
  [
    'many failures',
    service({ error_ratio: usual(0.13, 0.01) }),
    'errors',
    [50, 'requests that fail 13 %, usually 1 %'],
  ],
  [
    'failures where most is asked count most',
    service(
      { error_ratio: only(0.25), request_rate: usual(9, 9) },
      { error_ratio: only(0), request_rate: usual(1, 1) },
    ),
    'errors',
    [10, 'requests that fail 23 %'],
  ],
  ['more errors than usual', service({ error_rate: usual(5.5, 1) }), 'errors', [50, 'errors 5.5/s, usually 1/s']],
  [
    'as slow as usual',
    service({ latency_seconds: usual(0.11, 0.1) }),
    'latency',
    [100, 'answers take 110 ms, usually 100 ms'],
  ],
  [
    'three times as slow',
    service({ latency_seconds: usual(0.3, 0.1) }),
    'latency',
    [50, 'answers take 300 ms, usually 100 ms'],
  ],
  [
    'slower, but not felt',
    service({ latency_seconds: usual(0.03, 0.01) }),
    'latency',
    [100, 'answers take 30 ms, usually 10 ms'],
  ],
  ['latency of which the usual is not known', service({ latency_seconds: only(0.3) }), 'latency', null],
  [
    'asked as often as usual',
    service({ request_rate: usual(95, 100) }),
    'traffic',
    [100, 'requests 95/s, usually 100/s'],
  ],
  ['hardly asked', service({ request_rate: usual(8, 100) }), 'traffic', [10, 'requests 8/s, usually 100/s']],
  ['more than usual', service({ request_rate: usual(900, 100) }), 'traffic', [100, 'requests 900/s, usually 100/s']],
  [
    'the fullest speaks',
    service({ connections_ratio: usual(0.85, 0.3), memory_ratio: only(0.2) }),
    'saturation',
    [50, 'connections used 85 %, usually 30 %'],
  ],
])('%s', (_, of, name, expected) => {
  expect(dimension(of, name)).toEqual(expected);
});

test('business metrics and jobs', () => {
  const of: ServiceFigures = {
    ...service(),
    business: new Map([
      ['orders_per_minute', usual(20, 50)],
      ['sign_ups', usual(5, 5)],
    ]),
    jobs: new Map([
      ['orders-report', false],
      ['orders-clean', true],
    ]),
  };
  expect(dimension(of, 'business')).toEqual([50, 'metric orders_per_minute 20, usually 50']);
  expect(dimension(of, 'jobs')).toEqual([50, 'the last run of orders-report failed']);
});

test('what is not known is left out and said', () => {
  const { dimensions, missing } = serviceDimensions(service({ down_ratio: only(0), request_rate: only(5) }));
  expect(dimensions.map(({ name }) => name)).toEqual(['availability']);
  expect(missing).toEqual([
    'errors: nothing tells which of its requests fail',
    'latency: nothing tells how long its answers take',
    'traffic: how often it is usually asked is not known yet',
    'saturation: nothing tells how full its connections, files and memory are',
    'business: none is named',
    'jobs: no runs of its jobs are recorded',
  ]);
});
