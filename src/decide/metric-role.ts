/** What a figure tells of a service: what it uses, how it fails or succeeds, how long it takes, how much it is asked. */
export type MetricRole = 'resource' | 'errors' | 'success' | 'latency' | 'traffic' | 'other';

/** The first that matches decides. Words are parted by anything that is no letter or digit. */
const patterns: readonly (readonly [MetricRole, RegExp])[] = [
  ['success', /availab|success|uptime|\bup\b|apdex/],
  ['errors', /error|\berr\b|errs\b|fail|fault|exception|5xx|4xx|refus|reject|drop|timeout|abort/],
  ['latency', /latenc|\blat\b|duration|response time|elapsed|delay|\brt\b|ttfb|\bp(50|75|90|95|99|999)\b/],
  [
    'resource',
    /cpu|mem|heap|rss|disk|\bio\b|iops|inode|swap|saturat|throttl|queue|backlog|connections|pool|thread|goroutine|\bgc\b|pause|socket|\bfds?\b|files|lag|restart|load ?average|\bload1\b|pressure|lock|network|net\b|bytes/,
  ],
  [
    'traffic',
    /request|\breqs?\b|calls?\b|throughput|\brps\b|\bqps\b|\btps\b|\blod\b|\bload\b|traffic|hits|visits|rate\b|count|invocation/,
  ],
];

/** What a metric is by its name: a guess, `other` where it tells nothing. */
export function roleOf(metric: string): MetricRole {
  const words = metric
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ');
  return patterns.find(([, pattern]) => pattern.test(words))?.[0] ?? 'other';
}

/** The share that fails, 0..1, from one that succeeds, told as 0..1 or in per cent. */
export function failedShare(success: Float64Array): Float64Array {
  const whole = success.some((value) => value > 1.5) ? 100 : 1;
  return success.map((value) => 1 - value / whole);
}
