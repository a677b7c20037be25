import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { AuspexError } from '../errors.ts';
import { dotted, faults, flatten, getAt, type Given, plain } from './faults.ts';
import { type ConfigFile, configError, readConfigFile } from './file.ts';
import { type ConfigKey, configKeys, environmentNames, nearest } from './keys.ts';
import { faultInRouting } from './notify-schema.ts';
import { type Config, configSchema } from './schema.ts';
import { redact } from './redact.ts';
import { yaml } from './yaml.ts';

export type SettingSource = 'default' | 'file' | 'environment' | 'flag';

/** One key as GET /api/settings shows it: as written, secrets as `[set]`. */
export interface ExplainedSetting {
  readonly key: string;
  readonly value: unknown;
  readonly source: SettingSource;
  readonly description: string;
  /** Takes effect on reload. */
  readonly reloadable: boolean;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read, or null where there is none. */
  readonly file: string | null;
  /** Where a file is looked for. */
  readonly filePath: string;
  /** What is odd but does not stop the start: an unknown AUSPEX_ variable. */
  readonly warnings: readonly string[];
  readonly explain: () => readonly ExplainedSetting[];
  /** A fault that only other parts can see (an unknown rule's name), placed in the file where it stands. */
  readonly fault: (path: readonly PropertyKey[], words: string) => AuspexError;
}

export interface LoadOptions {
  /** By the flag's name (`listen`) or the key (`server.listen`); undefined ones are not given. `config` names the file. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Instead of AUSPEX_CONFIG, `--config` and <home>/auspex.yaml. */
  readonly file?: string;
}

/** Variables of the command line and the tests, which are no settings. */
const otherVariables = new Set([
  'AUSPEX_CONFIG',
  'AUSPEX_TOKEN',
  'AUSPEX_TO',
  'AUSPEX_URL',
  'AUSPEX_SECRET_KEY',
  'AUSPEX_FORBID_SKIPS',
]);

/**
 * Reads the configuration: defaults, overridden by the file, by the environment, by flags. Reads small files at once
 * (synchronously): it runs before anything else does, and on reload.
 *
 * @throws AuspexError CONFIG_INVALID; its detail has a line for every fault: place, key, value, what was expected.
 */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const env = options.env ?? process.env;
  const flags = options.flags ?? {};
  const explicitHome = textOf(flags['home']) ?? nonEmpty(env['AUSPEX_HOME']);
  const named = options.file ?? textOf(flags['config']) ?? nonEmpty(env['AUSPEX_CONFIG']);
  const filePath = resolve(named ?? join(explicitHome ?? defaultHome(env), 'auspex.yaml'));
  const file = readConfigFile(filePath, named !== undefined);

  const raw: Record<string, unknown> = structuredClone((file?.content ?? {}) as Record<string, unknown>);
  const given = new Map<string, Given>();
  for (const entry of configKeys) {
    for (const name of environmentNames(entry).toReversed()) {
      const text = nonEmpty(env[name]);
      if (text === undefined) continue;
      if (setAt(raw, entry.path, fromText(text, entry))) given.set(entry.key, { source: 'environment', name });
    }
    for (const name of [entry.meta.flag, entry.key]) {
      const value = name === undefined ? undefined : flags[name];
      if (value === undefined) continue;
      const usable = typeof value === 'string' ? fromText(value, entry) : value;
      const dashed = `--${String(name)
        .replaceAll(/([a-z])([A-Z])/g, '$1-$2')
        .toLowerCase()}`;
      if (setAt(raw, entry.path, usable)) given.set(entry.key, { source: 'flag', name: dashed });
    }
  }

  const result = configSchema.safeParse(raw);
  if (!result.success) throw faults(result.error.issues.flatMap(flatten), raw, file, given);
  const config: Config = { ...result.data, home: resolve(result.data.home ?? explicitHome ?? defaultHome(env)) };
  const { tls } = config.server; // paths in a file are meant from where the file lies
  for (const part of ['cert', 'key'] as const) {
    const path = tls[part];
    if (path !== null) tls[part] = resolve(dirname(filePath), path);
  }
  readSecretFiles(config as unknown as Record<string, unknown>, [], file, dirname(filePath));
  checkPairs(config, file);

  return {
    config,
    file: file?.path ?? null,
    filePath,
    warnings: unknownVariables(env),
    explain: () => configKeys.map((entry) => explainKey(entry, raw, given, config)),
    fault: (path, words) => (file === null ? plain(words) : configError(file.path, file.locate(path), words)),
  };
}

/** Where everything is kept unless told: `$XDG_STATE_HOME/auspex`, else `~/.local/state/auspex`; as root `/var/lib/auspex` where that can be written. */
export function defaultHome(env: Readonly<Record<string, string | undefined>>, uid = process.getuid?.()): string {
  if (uid === 0 && writable('/var/lib/auspex')) return '/var/lib/auspex';
  const state = nonEmpty(env['XDG_STATE_HOME']);
  if (state !== undefined && isAbsolute(state)) return join(state, 'auspex');
  return join(nonEmpty(env['HOME']) ?? homedir(), '.local', 'state', 'auspex');
}

function writable(path: string): boolean {
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? nonEmpty(value) : undefined;
}

/** A value as text, from the environment or the command line, into what the file would hold. */
function fromText(text: string, entry: ConfigKey): unknown {
  if (entry.scalar === 'list') {
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }
  if (entry.scalar === 'text' || /^\d+[a-zA-Z]+$/.test(text)) return text;
  try {
    return yaml().parse(text) as unknown;
  } catch {
    return text;
  }
}

/** False where the file has something else than a table on the way; the schema then names that. */
function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): boolean {
  let table = target;
  for (const name of path.slice(0, -1)) {
    if (!Object.hasOwn(table, name) || table[name] === null) table[name] = {};
    const next = table[name];
    if (typeof next !== 'object' || next === null || Array.isArray(next)) return false;
    table = next as Record<string, unknown>;
  }
  table[path.at(-1) ?? ''] = value;
  return true;
}

/** Puts the content of `xFile` into `x`, for what of ours may be secret. */
function readSecretFiles(
  table: Record<string, unknown>,
  path: readonly PropertyKey[],
  file: ConfigFile | null,
  base: string,
): void {
  for (const [name, value] of Object.entries(table)) {
    if (typeof value === 'object' && value !== null) {
      if (path.length > 0 || ['records', 'notify', 'server', 'sources', 'models'].includes(name)) {
        readSecretFiles(value as Record<string, unknown>, [...path, isIndex(table, name)], file, base);
      }
    } else if (name.endsWith('File') && typeof value === 'string') {
      const target = name.slice(0, -'File'.length);
      const where = [...path, name];
      const fail = (words: string) =>
        file === null ? plain(words) : configError(file.path, file.locate(where), words);
      if (table[target] !== null && table[target] !== '')
        throw fail(`${dotted(where)} and ${dotted([...path, target])} are both set. Keep one.`);
      try {
        table[target] = readFileSync(resolve(base, value), 'utf8').trim();
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        throw fail(`${dotted(where)} is ${JSON.stringify(value)}, which cannot be read (${code}).`);
      }
    }
  }
}

function isIndex(table: unknown, name: string): PropertyKey {
  return Array.isArray(table) ? Number(name) : name;
}

function checkPairs(config: Config, file: ConfigFile | null): void {
  const { cert, key } = config.server.tls;
  if ((cert === null) !== (key === null)) {
    const words = `server.tls.${cert === null ? 'cert' : 'key'} is missing. Expected both, certificate and key, or none.`;
    throw file === null ? plain(words) : configError(file.path, file.locate(['server', 'tls']), words);
  }
  checkProvider(config, file);
  checkChannels(config, file);
  checkRouting(config, file);
  const named = [
    [['notify', 'channels'], config.notify.channels],
    [['alerts', 'rules'], config.alerts.rules],
    [['alerts', 'forecasts'], config.alerts.forecasts],
    [['alerts', 'anomalies'], config.alerts.anomalies],
    [['objectives'], config.objectives],
    [['models', 'external'], config.models.external],
    [['sources', 'prometheus'], config.sources.prometheus],
  ] as const;
  for (const [list, items] of named) {
    const seen = new Set<string>();
    for (const [i, item] of items.entries()) {
      const where = [...list, i, 'name'];
      const words = `${dotted(where)} is "${item.name}", which stands there twice. Expected a name of its own.`;
      if (seen.has(item.name)) throw file === null ? plain(words) : configError(file.path, file.locate(where), words);
      seen.add(item.name);
    }
  }
}

/** What may stand in a file of its own has to stand in one of the two places. */
function checkChannels({ notify }: Config, file: ConfigFile | null): void {
  for (const [i, channel] of notify.channels.entries()) {
    const [name, value] =
      channel.kind === 'slack' || channel.kind === 'teams'
        ? (['url', channel.url] as const)
        : channel.kind === 'pagerduty'
          ? (['routingKey', channel.routingKey] as const)
          : ([null, ''] as const);
    if (name === null) continue;
    const where = ['notify', 'channels', i, name] as const;
    const fail = (words: string) => {
      const text = `${dotted(where)} ${words}`;
      return file === null ? plain(text) : configError(file.path, file.locate(where), text);
    };
    if (value === '') throw fail(`is missing. Expected it, or ${name}File with the file that holds it.`);
    if (name === 'url' && !/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
      throw fail('is no address. Expected one that begins with http:// or https:// in the file.');
  }
}

function checkRouting({ notify }: Config, file: ConfigFile | null): void {
  const fault = faultInRouting(notify);
  if (fault === null) return;
  const where = ['notify', ...fault.path];
  const words = `${dotted(where)} ${fault.words}.`;
  throw file === null ? plain(words) : configError(file.path, file.locate(where), words);
}

function checkProvider({ server }: Config, file: ConfigFile | null): void {
  const { issuer, clientId, roles } = server.oidc;
  if (issuer === null) return;
  const fail = (name: string, words: string) => {
    const text = `server.oidc.${name} ${words}`;
    return file === null ? plain(text) : configError(file.path, file.locate(['server', 'oidc']), text);
  };
  const { protocol, hostname } = new URL(issuer);
  if (protocol !== 'https:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname))
    throw fail('issuer', 'is not https. Expected https, or http on this machine alone.');
  if (clientId === null) throw fail('clientId', 'is missing. Expected the name that the provider knows Auspex by.');
  if (Object.values(roles).every((values) => values.length === 0))
    throw fail('roles', 'gives nobody a role. Expected values of the role claim for one role at least.');
}

function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set([...configKeys.flatMap(environmentNames), ...otherVariables]);
  return Object.keys(env)
    .filter((name) => name.startsWith('AUSPEX_') && !known.has(name))
    .map((name) => {
      const guess = nearest(name, known);
      return `The environment variable ${name} is not known and has no effect.${guess === null ? '' : ` Did you mean ${guess}?`}`;
    });
}

function explainKey(
  entry: ConfigKey,
  raw: unknown,
  given: ReadonlyMap<string, Given>,
  config: Config,
): ExplainedSetting {
  const written = getAt(raw, entry.path);
  const source = given.get(entry.key)?.source ?? (written === undefined ? 'default' : 'file');
  const value = entry.key === 'home' ? config.home : written === undefined ? entry.defaultValue : written;
  return {
    key: entry.key,
    value: redact(value ?? null, entry.path),
    source,
    description: entry.meta.description,
    reloadable: entry.meta.live === true,
  };
}
