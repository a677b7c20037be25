import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheConfiguration, databaseUrl, SYSTEM_USER } from './data.ts';
import { edgeConfiguration, type EdgeSettings } from './edge.ts';
import { needed, program } from './execute.ts';
import type { Network } from './network.ts';
import type { PartPlan } from './part.ts';
import { freePort } from './ports.ts';

export const DATABASE_PORT = 5432;
export const CACHE_PORT = 6379;
const PRICING_PORT = 8080;
/** Where the service finds pricing: behind the link that can be slow. */
export const PRICING_LINK_PORT = 8081;
export const PRICING_NAME = 'pricing.shop.test';
/** Enough for an instance; a leak meets it. */
export const INSTANCE_MEMORY = 256 << 20;
export const GOOD_VERSION = '1.4.0';

/** What the parts of one stack have in common. */
export interface Site {
  readonly id: string;
  readonly folder: string;
  readonly network: Network;
  readonly spool: string;
  readonly secret: string;
  readonly password: string;
  readonly cluster: string;
}

export interface Plans {
  readonly plans: readonly PartPlan[];
  readonly edge: EdgeSettings;
  readonly databaseUrl: string;
  readonly cacheUrl: string;
  readonly delayFile: string;
}

/** All parts of the stack, in the order in which they are started. */
export async function makePlans(site: Site): Promise<Plans> {
  const { folder, network } = site;
  const data = network.data.insideAddress;
  const outside = network.client.outsideAddress;
  const instances = ['api-1', 'api-2'];
  const ports = await Promise.all(instances.map(() => freePort(outside)));
  const tokenPort = await freePort();
  const edge: EdgeSettings = {
    folder,
    log: join(folder, 'log'),
    address: outside,
    port: await freePort(outside),
    statusPort: await freePort(),
    tokenPort,
    instances: instances.map((name, i) => ({ name, port: ports[i] as number })),
  };
  const urls = {
    databaseUrl: databaseUrl(data, DATABASE_PORT),
    cacheUrl: `redis://:${site.password}@${data}:${CACHE_PORT}`,
    delayFile: join(folder, 'pricing-delay'),
  };
  writeFileSync(join(folder, 'nginx.conf'), edgeConfiguration(edge));
  const services: PartPlan[] = [];
  for (const instance of edge.instances)
    services.push(await shopPlan(site, urls, instance.name, outside, instance.port));
  return {
    plans: [
      ...dataPlans(site, urls.delayFile),
      tokenPlan(site, tokenPort),
      ...services,
      edgePlan(edge),
      ...(await exporterPlans(site, edge, urls)),
    ],
    edge,
    ...urls,
  };
}

function service(name: string): string[] {
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2'];
  return [process.execPath, ...flags, fileURLToPath(new URL(`../services/${name}.ts`, import.meta.url))];
}

function dataPlans(site: Site, delayFile: string): PartPlan[] {
  const { network, folder } = site;
  const link = network.data;
  const address = link.insideAddress;
  const cacheFile = cacheConfiguration(folder, address, CACHE_PORT, site.password);
  const names = [
    `--address=/${PRICING_NAME}/${address}`,
    `--listen-address=${address}`,
    '--port=53',
    '--bind-interfaces',
  ];
  const alone = [
    '--keep-in-foreground',
    '--no-resolv',
    '--no-hosts',
    '--conf-file=/dev/null',
    '--user=root',
    '--pid-file=',
  ];
  return [
    {
      name: 'postgres',
      kind: 'database',
      argv: [needed('postgres'), '-D', site.cluster],
      link,
      user: SYSTEM_USER,
      isAlone: true,
      stopSignal: 'INT',
      address,
      port: DATABASE_PORT,
      isReady: () => takesQuestions(address, DATABASE_PORT),
    },
    {
      name: 'redis',
      kind: 'cache',
      argv: [needed('redis-server'), cacheFile],
      link,
      address,
      port: CACHE_PORT,
      isReady: () => listens(address, CACHE_PORT),
    },
    {
      name: 'pricing',
      kind: 'dependency',
      argv: service('pricing'),
      env: { HOST: address, PORT: String(PRICING_PORT) },
      link,
      address,
      port: PRICING_PORT,
      healthUrl: `http://${address}:${PRICING_PORT}/health`,
      isReady: () => answers(`http://${address}:${PRICING_PORT}/health`),
    },
    {
      name: 'pricing-link',
      kind: 'dependency',
      argv: service('delay-link'),
      env: {
        HOST: address,
        PORT: String(PRICING_LINK_PORT),
        TARGET_PORT: String(PRICING_PORT),
        DELAY_FILE: delayFile,
      },
      link,
      address,
      port: PRICING_LINK_PORT,
      isReady: () => listens(address, PRICING_LINK_PORT),
    },
    {
      name: 'resolver',
      kind: 'resolver',
      argv: [needed('dnsmasq'), ...alone, ...names],
      link,
      address,
      port: 53,
      isReady: () => listens(address, 53),
    },
  ];
}

function tokenPlan(site: Site, port: number): PartPlan {
  return {
    name: 'token',
    kind: 'identity',
    argv: service('token'),
    env: { HOST: '127.0.0.1', PORT: String(port), TOKEN_SECRET: site.secret },
    address: '127.0.0.1',
    port,
    healthUrl: `http://127.0.0.1:${port}/health`,
    isReady: () => answers(`http://127.0.0.1:${port}/health`),
  };
}

async function shopPlan(
  site: Site,
  urls: { readonly databaseUrl: string; readonly cacheUrl: string },
  name: string,
  address: string,
  port: number,
): Promise<PartPlan> {
  const metricsPort = await freePort(address);
  const resolver = join(site.folder, 'resolv.conf');
  writeFileSync(resolver, `nameserver ${site.network.data.insideAddress}\noptions timeout:1 attempts:1\n`);
  const healthUrl = `http://${address}:${port}/health`;
  return {
    name,
    kind: 'service',
    argv: service('shop'),
    env: {
      HOST: address,
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      INSTANCE: name,
      VERSION: GOOD_VERSION,
      DATABASE_URL: urls.databaseUrl,
      REDIS_URL: urls.cacheUrl,
      PRICING_URL: `http://${PRICING_NAME}:${PRICING_LINK_PORT}`,
      SPOOL: site.spool,
      TOKEN_SECRET: site.secret,
      LEAK_FILE: join(site.folder, `leak-${name}`),
    },
    resolver,
    memoryBytes: INSTANCE_MEMORY,
    address,
    port,
    metricsUrl: `http://${address}:${metricsPort}/metrics`,
    healthUrl,
    isReady: () => answers(healthUrl),
  };
}

function edgePlan(edge: EdgeSettings): PartPlan {
  return {
    name: 'edge',
    kind: 'edge',
    argv: [
      needed('nginx'),
      '-p',
      edge.folder,
      '-c',
      join(edge.folder, 'nginx.conf'),
      '-e',
      join(edge.log, 'edge-error.log'),
    ],
    stopSignal: 'QUIT',
    address: edge.address,
    port: edge.port,
    healthUrl: `http://127.0.0.1:${edge.statusPort}/status`,
    isReady: () => answers(`http://127.0.0.1:${edge.statusPort}/status`),
  };
}

/** Debian's exporters, as far as they are installed: what most people have beside such a stack. */
async function exporterPlans(
  site: Site,
  edge: EdgeSettings,
  urls: { readonly databaseUrl: string },
): Promise<PartPlan[]> {
  const data = site.network.data.insideAddress;
  const known: readonly {
    name: string;
    program: string;
    words(listen: string): string[];
    env: Record<string, string>;
  }[] = [
    {
      name: 'redis-exporter',
      program: 'prometheus-redis-exporter',
      words: (listen) => [`-web.listen-address=${listen}`],
      env: { REDIS_ADDR: `redis://${data}:${CACHE_PORT}`, REDIS_PASSWORD: site.password },
    },
    {
      name: 'postgres-exporter',
      program: 'prometheus-postgres-exporter',
      words: (listen) => [`--web.listen-address=${listen}`],
      env: { DATA_SOURCE_NAME: `${urls.databaseUrl}?sslmode=disable` },
    },
    {
      name: 'edge-exporter',
      program: 'prometheus-nginx-exporter',
      words: (listen) => [
        `-web.listen-address=${listen}`,
        `-nginx.scrape-uri=http://127.0.0.1:${edge.statusPort}/status`,
      ],
      env: {},
    },
  ];
  const plans: PartPlan[] = [];
  for (const { name, program: file, words, env } of known) {
    const path = program(file);
    if (path === null) continue;
    const port = await freePort();
    const metricsUrl = `http://127.0.0.1:${port}/metrics`;
    plans.push({
      name,
      kind: 'exporter',
      argv: [path, ...words(`127.0.0.1:${port}`)],
      env,
      address: '127.0.0.1',
      port,
      metricsUrl,
      isAlwaysUp: true,
      isReady: () => answers(metricsUrl),
    });
  }
  return plans;
}

/** True for an answer of 200 within a second and a half. */
export function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(url, { agent: false, timeout: 1_500 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
      response.on('error', () => resolve(false));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

function listens(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 1_000 });
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on('connect', () => end(true));
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
  });
}

/** PostgreSQL listens before it takes questions. */
async function takesQuestions(address: string, port: number): Promise<boolean> {
  if (!(await listens(address, port))) return false;
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: databaseUrl(address, port), connectionTimeoutMillis: 1_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
