import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createClient } from '../api/client.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { AuspexError } from '../errors.ts';

/** The options that every command has. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly home?: string;
  readonly config?: string;
  readonly url?: string;
  readonly token?: string;
}

export function configOf(options: GlobalOptions, flags: Record<string, unknown> = {}): LoadedConfig {
  return loadConfig({ flags: { home: options.home, config: options.config, ...flags } });
}

/** Where the server of this machine answers, or the one named with --url. */
export function baseUrlOf(options: GlobalOptions): string {
  const named = options.url ?? process.env['AUSPEX_URL'];
  if (named !== undefined && named !== '') return named.replace(/\/+$/, '');
  const { server } = configOf(options).config;
  const { host, port } = server.listen;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const name = reachable.includes(':') ? `[${reachable}]` : reachable;
  return `${server.tls.cert === null ? 'http' : 'https'}://${name}:${port}${server.basePath}`;
}

/** A client with the right to everything: the token given, AUSPEX_TOKEN, or the 0600 file that the server keeps for this user. */
export function connect(options: GlobalOptions): Client {
  const token = options.token ?? process.env['AUSPEX_TOKEN'] ?? ownToken(options);
  return createClient({ baseUrl: baseUrlOf(options), token });
}

function ownToken(options: GlobalOptions): string {
  const { home } = configOf(options).config;
  const file = join(home, 'cli-token');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const denied = cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
    throw new AuspexError(
      'UNREACHABLE',
      denied
        ? `${file} belongs to another user. Run this as the user that runs Auspex, or give a token with --token.`
        : `There is no ${file}: Auspex has not been started with this home folder. Start it with \`auspex start\`, or name the server with --url and --token.`,
      { cause },
    );
  }
}
