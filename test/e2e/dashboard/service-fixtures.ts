import type { OperationOutput, ServiceDetail } from '../../../src/api/contract/index.ts';

/** A shop of 30 services, one of them ill, as the page is told of them. */
export class Services {
  readonly #iso: (agoMs?: number) => string;
  readonly #isEmpty: boolean;
  readonly #calls: readonly (readonly [string, string])[];
  #names: readonly string[];

  constructor(iso: (agoMs?: number) => string, isEmpty: boolean) {
    this.#iso = iso;
    this.#isEmpty = isEmpty;
    const leaves = [
      'orders',
      'payments',
      'catalog',
      'search',
      'accounts',
      'shipping',
      'prices',
      'reviews',
      'mail',
      'stock',
    ];
    const stores = leaves.slice(0, 8).map((name) => `${name}-db`);
    this.#names = [
      'nginx',
      'gateway',
      ...leaves,
      ...stores,
      'redis',
      'rabbitmq',
      'cron',
      'backup',
      'sentry',
      'wiki',
      'grafana',
      'minio',
      'ldap',
      'vault',
    ];
    this.#calls = [
      ['nginx', 'gateway'],
      ...leaves.slice(0, 7).map((name) => ['gateway', name] as const),
      ...stores.map((store) => [store.replace(/-db$/, ''), store] as const),
      ['orders', 'payments'],
      ['orders', 'redis'],
      ['orders', 'rabbitmq'],
      ['mail', 'rabbitmq'],
      ['shipping', 'rabbitmq'],
      ['payments', 'orders'],
    ];
  }

  list(): OperationOutput<'services'> {
    if (this.#isEmpty)
      return {
        sentence: 'No services are known yet.',
        fleet: { score: null, sentence: 'Nothing is known yet.' },
        items: [],
      };
    const items = this.#names.map((name) => this.#summary(name)).sort((a, b) => (a.score ?? 101) - (b.score ?? 101));
    return {
      sentence: '1 of 30 services is not well. orders is at 41: requests that fail 13 %, usually 0.2 %.',
      fleet: { score: 70, sentence: 'orders: requests that fail 13 %, usually 0.2 %.' },
      items,
    };
  }

  graph(): OperationOutput<'serviceGraph'> {
    const services = this.#isEmpty
      ? []
      : this.list().items.map(({ id, name, score, sentence }) => ({ id, name, score, sentence }));
    const dependencies = this.#isEmpty
      ? []
      : this.#calls.map(([from, to]) => ({
          from: `svc:${from}`,
          to: `svc:${to}`,
          origins: ['connection' as const],
          lastSeenAt: this.#iso(),
        }));
    return { services, dependencies };
  }

  remove(id: string): OperationOutput<'removeService'> {
    const name = id.replace(/^svc:/, '');
    this.#names = this.#names.filter((one) => one !== name);
    return { id, name, sentence: `“${name}” is removed.` };
  }

  one(id: string): ServiceDetail | undefined {
    const name = id.replace(/^svc:/, '');
    if (this.#isEmpty || !this.#names.includes(name)) return undefined;
    const neighbour = (of: string): ServiceDetail['callees'][number] => ({
      id: `svc:${of}`,
      name: of,
      score: this.#scoreOf(of),
      origins: ['connection'],
      lastSeenAt: this.#iso(),
    });
    const isIll = name === 'orders';
    return {
      ...this.#summary(name),
      dimensions: [
        { name: 'availability', score: 100, weight: 3, reason: 'it answers' },
        {
          name: 'errors',
          score: isIll ? 50 : 100,
          weight: 3,
          reason: isIll ? 'requests that fail 13 %, usually 0.2 %' : 'requests that fail 0.2 %, usually 0.2 %',
        },
        { name: 'traffic', score: 96, weight: 1, reason: 'requests 95/s, usually 100/s' },
      ],
      missing: ['jobs: no runs of its jobs are recorded'],
      keys: [`job=${name}`, `process=${name}`],
      members: [
        { entityId: `target:${name}@db-1`, name: `${name} on db-1`, part: '', endpoint: null },
        { entityId: 'host:00000000', name: 'db-1', part: 'node server.js', endpoint: '0.0.0.0:8080' },
      ],
      callees: this.#calls.filter(([from]) => from === name).map(([, to]) => neighbour(to)),
      callers: this.#calls.filter(([, to]) => to === name).map(([from]) => neighbour(from)),
      incidents: [],
      business: [],
      healthSeries: `auspex_health_service{service="${name}"}`,
      check: { kind: 'http', target: 'http://db-1:8080/health', intervalSeconds: 30 },
      start: 'systemctl start orders',
      stop: null,
      scale: null,
    };
  }

  #scoreOf(name: string): number | null {
    return name === 'orders' ? 41 : name === 'wiki' ? null : name === 'gateway' ? 82 : 100;
  }

  #summary(name: string): OperationOutput<'services'>['items'][number] {
    const isIll = name === 'orders';
    return {
      id: `svc:${name}`,
      name,
      score: this.#scoreOf(name),
      sentence: isIll ? 'Requests that fail 13 %, usually 0.2 %.' : 'All is well.',
      instances: 2,
      calls: this.#calls.filter(([from]) => from === name).length,
      calledBy: this.#calls.filter(([, to]) => to === name).length,
      openIncidents: isIll ? 1 : 0,
      openFindings: isIll ? 1 : 0,
      firingAlerts: 0,
      isRegistered: isIll,
      firstSeenAt: this.#iso(86_400_000),
      lastSeenAt: this.#iso(),
    };
  }
}
