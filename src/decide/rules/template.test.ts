import { describe, expect, test } from 'vitest';
import { parseTemplate, renderTemplate } from './template.ts';

const labels = new Map([
  ['instance', 'web-1.example.org:9100'],
  ['mountpoint', '/var'],
]);

function rendered(text: string, value = 0): string {
  return renderTemplate(parseTemplate(text), { labels, value });
}

describe('what rules write is filled in as Prometheus fills it in', () => {
  test.each([
    [
      '{{ $labels.mountpoint }} on {{ .Labels.instance }} is {{ $value }}',
      0.5,
      '/var on web-1.example.org:9100 is 0.5',
    ],
    ['{{$labels.none}}|', 0, '|'],
    ['{{ $externalLabels.cluster }}|', 0, '|'],
    ['{{ printf "%.2f" $value }} %', 12.3456, '12.35 %'],
    ['{{ $value | printf "%.0f" }}', 12.6, '13'],
    ['{{ printf "%s: %05.1f of %d%%" $labels.mountpoint $value 9 }}', 2.25, '/var: 002.3 of 9%'],
    ['{{ printf "%d" }}', 1, '%!d(MISSING)'],
    ['{{ $value | humanize }}', 1234567, '1.235M'],
    ['{{ humanize $value }}', 0.00012, '120u'],
    ['{{ $value | humanize1024 }}B', 123456789, '117.7MiB'],
    ['{{ $value | humanizePercentage }}', 0.98765, '98.77%'],
    ['{{ $value | humanizeDuration }}', 93784, '1d 2h 3m 4s'],
    ['{{ $value | humanizeDuration }}', 0.0123, '12.3ms'],
    ['{{ $value | humanizeDuration }}', 59.5, '59.5s'],
    ['{{ $value | humanizeTimestamp }}', 1435065584.128, '2015-06-23 13:19:44.128 +0000 UTC'],
    ['{{ $labels.instance | stripPort }} {{ stripDomain $labels.instance }}', 0, 'web-1.example.org web-1:9100'],
    ['{{ $labels.mountpoint | toUpper }}{{ "a \\"b\\"" }}{{ `c` }}', 0, '/VARa "b"c'],
    ['{{ index $labels "mountpoint" }}', 0, '/var'],
    ['a {{- $value -}} b {{/* said */}}', 7, 'a7b '],
    ['{{ $value }}', 123456789, '1.23456789e+08'],
    ['{{ $value }}', Number.POSITIVE_INFINITY, '+Inf'],
  ])('%s of %d', (text, value, wanted) => {
    expect(rendered(text, value)).toBe(wanted);
  });
});

test.each([
  ['{{ if gt $value 3.0 }}much{{ end }}', ['{{ if gt $value 3.0 }}', '{{ end }}']],
  ['{{ with query "up" }}', ['{{ with query "up" }}']],
  ['{{ range $labels }}', ['{{ range $labels }}']],
  ['{{ humanize }}', ['{{ humanize }}']],
  ['{{ $value | nonsense }}', ['{{ $value | nonsense }}']],
  ['{{ }}', ['{{ }}']],
  ['{{ "broken', []],
])('what is not understood stays and is named: %s', (text, unknown) => {
  const template = parseTemplate(text);
  expect(template.unknown).toEqual(unknown);
  for (const action of unknown) expect(renderTemplate(template, { labels, value: 1 })).toContain(action);
});
