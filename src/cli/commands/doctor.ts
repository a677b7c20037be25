import { accessSync, constants, existsSync, statfsSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { gzipSync } from 'node:zlib';
import { secretsIn } from '../../config/redact.ts';
import { AuspexError } from '../../errors.ts';
import { formatBytes, formatDuration } from '../../model/index.ts';
import { hideSecrets, knowSecrets } from '../../telemetry/hide.ts';
import { baseUrlOf, configOf, connect, type GlobalOptions } from '../connect.ts';
import { exitCodes, type Output, table } from '../output.ts';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** `auspex doctor`: what works, what does not and what to do; exit 1 when something is wrong. With a bundle, all of it in one file without secrets. */
export async function doctor(
  output: Output,
  options: GlobalOptions,
  bundle: string | true | undefined,
): Promise<number> {
  const loaded = configOf(options);
  const { home } = loaded.config;
  const checks: Check[] = [];
  const check = (name: string, ok: boolean, detail: string): void => void checks.push({ name, ok, detail });
  check('Node', Number(process.versions.node.split('.')[0]) >= 24, process.version);
  check('configuration', loaded.warnings.length === 0, loaded.warnings[0] ?? loaded.file ?? 'defaults, no file');
  check(
    'home folder',
    existsSync(home) && writable(home),
    existsSync(home)
      ? `${home}${writable(home) ? '' : ': not writable by this user'}`
      : `${home} is made at the first start`,
  );
  if (existsSync(home)) {
    const fs = statfsSync(home);
    const free = fs.bavail * fs.bsize;
    check(
      'free space',
      free > loaded.config.store.minFree * 2,
      `${formatBytes(free)} free; taking in stops below ${formatBytes(loaded.config.store.minFree)}`,
    );
  }
  const answers: Record<string, unknown> = {};
  try {
    const client = connect(options);
    const status = await client.call('status', {});
    answers['status'] = status;
    check('server', status.state === 'ok', `${baseUrlOf(options)}: ${status.sentence}`);
    for (const part of status.components.filter((c) => c.state === 'failed' || c.state === 'degraded'))
      check(part.name, false, `${part.message}${part.remedy === null ? '' : `. ${part.remedy}`}`);
    for (const op of ['settings', 'targets', 'agents', 'cardinality', 'models', 'alertRules', 'channels'] as const)
      answers[op] = await client.call(op, {});
    answers['ledger'] = await client.call('ledger', { query: {} });
  } catch (thrown) {
    const error = AuspexError.from(thrown);
    check('server', false, error.message);
  }
  if (bundle !== undefined) {
    const file =
      bundle === true ? `auspex-doctor-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json.gz` : bundle;
    const machine = {
      platform: platform(),
      release: release(),
      cores: cpus().length,
      memoryBytes: totalmem(),
      node: process.version,
      uptimeText: formatDuration(performance.now()),
    };
    knowSecrets([...secretsIn(loaded.config), options.token ?? '', process.env['AUSPEX_TOKEN'] ?? '']);
    const report = JSON.stringify({ machine, checks, settings: loaded.explain(), answers }, null, 2);
    writeFileSync(file, gzipSync(hideSecrets(report)), { mode: 0o600 });
    output.say(
      `Wrote ${file}. It holds names of hosts and metrics, no secrets and no samples; read it before you send it.`,
    );
  }
  output.data({ checks }, () =>
    output.print(
      table(
        ['CHECK', 'STATE', 'DETAIL'],
        checks.map((c) => [c.name, c.ok ? 'ok' : 'WRONG', c.detail]),
      ),
    ),
  );
  return checks.every((c) => c.ok) ? exitCodes.fine : exitCodes.findings;
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
