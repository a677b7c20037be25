import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { starterRules } from './starter-rules.ts';

test('docs/internals/alerts.md lists the starter set as it is (AUSPEX_WRITE_DOCS=1 writes it)', () => {
  const path = new URL('../../docs/internals/alerts.md', import.meta.url);
  const rows = starterRules.map(
    (rule) => `| \`${rule.name}\` | ${rule.severity} | ${rule.condition} | ${rule.action} |`,
  );
  const table = ['| rule | severity | fires when | what to do |', '|---|---|---|---|', ...rows].join('\n');
  const text = readFileSync(path, 'utf8');
  const section = /(<!-- starter rules[^\n]*-->\n)([\s\S]*?)(\n<!-- end -->)/;
  if (process.env['AUSPEX_WRITE_DOCS'] === '1')
    writeFileSync(
      path,
      text.replace(section, (_, start, __, end) => `${start}${table}${end}`),
    );
  expect(section.exec(readFileSync(path, 'utf8'))?.[2]).toBe(table);
});
