import { describe, expect, test } from 'vitest';
import type { DependencyOrigin } from '../model/index.ts';
import { FADES_MS, ServiceBook } from './service-book.ts';
import type { Discovery, FoundCall } from './service-discovery.ts';

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

/** `key=name` of services, `from>to` of calls by key. */
function found(
  keys: readonly string[],
  calls: readonly string[] = [],
  at = NOW,
  origin: DependencyOrigin = 'connection',
): Discovery {
  return {
    services: new Map(
      keys.map((key) => {
        const name = key.replace(/^\w+=/, '');
        return [key, { key, name, entityIds: new Set([`target:${key}`]), processes: [], lastAt: at }];
      }),
    ),
    calls: calls.map((call): FoundCall => {
      const [from = '', to = ''] = call.split('>');
      return { from, to, origin, lastAt: at };
    }),
  };
}
const registration = (name: string) => ({ name, check: null, dependencies: [], start: null, stop: null, scale: null });
const names = (book: ServiceBook, now = NOW) =>
  book
    .services(now)
    .map(({ name }) => name)
    .sort();
const calls = (book: ServiceBook) =>
  book
    .dependencies()
    .map(({ from, to, origins }) => `${book.nameOf(from)} > ${book.nameOf(to)}: ${origins.join(', ')}`);

function bookOf(discovery: Discovery): ServiceBook {
  const book = new ServiceBook();
  book.absorb(discovery, NOW);
  return book;
}

describe('what is found', () => {
  test('one name is one service, whatever it was found as', () => {
    const book = bookOf(found(['job=shop', 'process=shop', 'job=redis'], ['process=shop>job=redis']));
    expect(names(book)).toEqual(['redis', 'shop']);
    expect(calls(book)).toEqual(['shop > redis: connection']);
    expect(book.serviceOf('target:process=shop')).toBe(book.service('SHOP').id);
    expect(book.entitiesOf(book.service('shop').id)).toEqual(['target:job=shop', 'target:process=shop']);
    expect(book.serviceOf('host:a')).toBeNull();
  });

  test('a call that is known from two sides has both origins', () => {
    const book = bookOf(found(['job=a', 'job=b'], ['job=a>job=b']));
    book.absorb(found(['job=a', 'job=b'], ['job=a>job=b'], NOW, 'label'), NOW);
    expect(calls(book)).toEqual(['a > b: connection, label']);
  });

  test('what is not seen for a week is gone; what a person named or a program registered stays', () => {
    const book = bookOf(found(['job=a', 'job=b', 'job=c', 'job=d'], ['job=a>job=b']));
    book.register(registration('c'), [], NOW);
    book.change('d', { kind: 'rename', name: 'billing' }, NOW);
    book.absorb(found([]), NOW + FADES_MS - 1);
    expect(names(book)).toEqual(['a', 'b', 'billing', 'c']);
    book.takeChanges();
    book.absorb(found([]), NOW + FADES_MS);
    expect(names(book, NOW + FADES_MS)).toEqual(['c']);
    expect(calls(book)).toEqual([]);
    const { removedServices, removedDependencies } = book.takeChanges();
    expect([removedServices, removedDependencies]).toEqual([['svc:a', 'svc:b'], ['svc:a svc:b']]);
    // What comes back is as the person named it.
    book.absorb(found(['job=d'], [], NOW + 8 * DAY), NOW + 8 * DAY);
    expect(names(book, NOW + 8 * DAY)).toEqual(['billing', 'c']);
  });

  test('no more than 2,000 services and 10,000 dependencies are kept', () => {
    const keys = Array.from({ length: 2_010 }, (_, i) => `job=s${i}`);
    const some = keys.slice(0, 110).flatMap((from) => keys.slice(0, 110).map((to) => `${from}>${to}`));
    const book = bookOf(found(keys, some));
    expect(book.services(NOW)).toHaveLength(2_000);
    expect(book.dependencies()).toHaveLength(10_000);
    expect(() => book.register(registration('one more'), [], NOW)).toThrow(/2000 services/);
  });

  test('that something is still there is written once an hour', () => {
    const book = bookOf(found(['job=a', 'job=b'], ['job=a>job=b']));
    expect(book.takeChanges()).toMatchObject({ services: [{ name: 'a' }, { name: 'b' }], dependencies: [{}] });
    book.absorb(found(['job=a', 'job=b'], ['job=a>job=b'], NOW + 60_000), NOW + 60_000);
    expect(book.takeChanges()).toMatchObject({ services: [], dependencies: [] });
    book.absorb(found(['job=a', 'job=b'], ['job=a>job=b'], NOW + 3_700_000), NOW + 3_700_000);
    expect(book.takeChanges()).toMatchObject({ services: [{}, {}], dependencies: [{}] });
  });
});

describe('what is removed', () => {
  const removed = () => {
    const book = bookOf(found(['job=a', 'process=b', 'job=c'], ['job=a>process=b', 'job=c>job=a']));
    book.change('a', { kind: 'rename', name: 'checkout' }, NOW);
    book.changeDependency({ kind: 'add', from: 'checkout', to: 'c' }, NOW);
    book.remove('checkout', NOW + 1);
    return book;
  };

  test('it and its calls are gone, and what was seen until then does not bring it back, also after a restart', () => {
    const book = removed();
    expect([names(book), calls(book), book.serviceOf('target:job=a')]).toEqual([['b', 'c'], [], null]);
    expect(() => book.service('checkout')).toThrow(/no service called “checkout”/);
    expect(() => book.remove('svc:a', NOW)).toThrow(/no service called/);
    const kept = book.takeChanges();
    expect(kept.removedServices).toEqual([]);
    const again = new ServiceBook();
    again.load(kept.services, kept.dependencies);
    again.absorb(found(['job=a', 'process=b', 'job=c'], ['job=a>process=b']), NOW + DAY);
    expect([names(again, NOW + DAY), calls(again)]).toEqual([['b', 'c'], []]);
  });

  test('seen anew it is back as it is found, with none of what was said of it', () => {
    const book = removed();
    book.takeChanges();
    book.absorb(found(['job=a', 'process=b'], ['job=a>process=b'], NOW + 2), NOW + 2);
    expect(names(book)).toEqual(['a', 'b', 'c']);
    expect(calls(book)).toEqual(['a > b: connection']);
    expect(book.takeChanges().services).toMatchObject([
      { id: 'svc:a', name: 'a', isCorrected: false, removedAt: null },
    ]);
  });

  test('registered anew it is back at once', () => {
    const book = bookOf(found([]));
    book.register(registration('mail'), ['sent'], NOW);
    book.remove('mail', NOW);
    expect(names(book)).toEqual([]);
    expect(book.register(registration('mail'), [], NOW)).toMatchObject({ id: 'svc:mail', business: [] });
    expect(names(book)).toEqual(['mail']);
  });

  test('its name is free; after a week nothing of it is kept', () => {
    const book = removed();
    book.change('b', { kind: 'rename', name: 'checkout' }, NOW);
    book.takeChanges();
    book.absorb(found([]), NOW + FADES_MS);
    expect(book.takeChanges().removedServices).not.toContain('svc:a');
    book.absorb(found([]), NOW + FADES_MS + 1);
    expect(book.takeChanges().removedServices).toContain('svc:a');
  });
});

describe('what people say', () => {
  test('a dependency that was taken away is not found again, and can be given back', () => {
    const book = bookOf(found(['job=a', 'job=b'], ['job=a>job=b']));
    book.changeDependency({ kind: 'remove', from: 'a', to: 'b' }, NOW);
    book.absorb(found(['job=a', 'job=b'], ['job=a>job=b']), NOW);
    expect(calls(book)).toEqual([]);
    expect(() => book.changeDependency({ kind: 'remove', from: 'a', to: 'b' }, NOW)).toThrow(/not known to call/);
    book.changeDependency({ kind: 'add', from: 'a', to: 'b' }, NOW);
    expect(calls(book)).toEqual(['a > b: connection, person']);
  });

  test('an added dependency stays although nobody sees it', () => {
    const book = bookOf(found(['job=a', 'job=b']));
    book.changeDependency({ kind: 'add', from: 'a', to: 'B' }, NOW);
    const later = NOW + 30 * DAY;
    book.absorb(found(['job=a', 'job=b'], [], later), later);
    expect(calls(book)).toEqual(['a > b: person']);
  });

  test('a renamed service keeps its id and what is found as it', () => {
    const book = bookOf(found(['job=a']));
    const { id } = book.change('a', { kind: 'rename', name: 'checkout' }, NOW);
    book.absorb(found(['job=a']), NOW);
    expect(names(book)).toEqual(['checkout']);
    expect(id).toBe('svc:a');
    // The old name is free: another service of it is another one.
    book.absorb(found(['job=a', 'process=a']), NOW);
    expect(names(book)).toEqual(['a', 'checkout']);
  });

  test('merged services are one, with all that either calls, and stay one', () => {
    const book = bookOf(found(['job=a', 'job=b', 'job=c', 'job=d'], ['job=a>job=c', 'job=d>job=a', 'job=a>job=b']));
    book.change('a', { kind: 'merge', into: 'b' }, NOW);
    book.absorb(found(['job=a', 'job=b', 'job=c', 'job=d'], ['job=a>job=c', 'job=a>job=b']), NOW);
    expect(names(book)).toEqual(['b', 'c', 'd']);
    expect(calls(book).sort()).toEqual(['b > c: connection', 'd > b: connection']);
    expect(book.serviceOf('target:job=a')).toBe('svc:b');
    expect(book.takeChanges()).toMatchObject({ removedServices: ['svc:a'] });
  });

  test('a part that was split off is a service of its own, and not joined again by its name', () => {
    const book = bookOf(found(['job=shop', 'process=shop', 'job=db'], ['process=shop>job=db']));
    book.change('shop', { kind: 'split', keys: ['process=shop'], name: 'shop batch' }, NOW);
    expect(calls(book)).toEqual([]);
    book.absorb(found(['job=shop', 'process=shop', 'job=db'], ['process=shop>job=db']), NOW);
    expect(names(book)).toEqual(['db', 'shop', 'shop batch']);
    expect(calls(book)).toEqual(['shop batch > db: connection']);
  });

  test.each([
    [
      'a service that is not there',
      () => bookOf(found([])).change('x', { kind: 'rename', name: 'y' }, NOW),
      'NOT_FOUND',
    ],
    [
      'a name that another has',
      () => bookOf(found(['job=a', 'job=b'])).change('a', { kind: 'rename', name: 'B' }, NOW),
      'CONFLICT',
    ],
    [
      'a merge into itself',
      () => bookOf(found(['job=a'])).change('a', { kind: 'merge', into: 'a' }, NOW),
      'BAD_REQUEST',
    ],
    [
      'a split of all of it',
      () => bookOf(found(['job=a'])).change('a', { kind: 'split', keys: ['job=a'], name: 'c' }, NOW),
      'BAD_REQUEST',
    ],
    [
      'a split of what is not its own',
      () => bookOf(found(['job=a'])).change('a', { kind: 'split', keys: ['job=x'], name: 'c' }, NOW),
      'BAD_REQUEST',
    ],
    [
      'a service that calls itself',
      () => bookOf(found(['job=a'])).changeDependency({ kind: 'add', from: 'a', to: 'a' }, NOW),
      'BAD_REQUEST',
    ],
  ])('%s is refused', (_, work, code) => {
    expect(work).toThrow(expect.objectContaining({ code }));
  });
});

describe('what programs say of themselves', () => {
  test('a registered service is there with those that it names, and is what is scraped under its name', () => {
    const book = new ServiceBook();
    book.register({ ...registration('orders'), dependencies: ['postgres'] }, ['orders_per_minute'], NOW);
    expect(names(book)).toEqual(['orders', 'postgres']);
    expect(calls(book)).toEqual(['orders > postgres: declared']);
    book.absorb(found(['job=orders', 'process=postgres']), NOW);
    expect(names(book)).toEqual(['orders', 'postgres']);
    expect(book.service('orders').business).toEqual(['orders_per_minute']);
  });

  test('a person’s name for a registered service stays when it registers again', () => {
    const book = new ServiceBook();
    book.register(registration('orders'), [], NOW);
    book.change('orders', { kind: 'rename', name: 'checkout' }, NOW);
    book.register(registration('orders'), [], NOW);
    expect(names(book)).toEqual(['checkout']);
  });

  test('registered twice it is changed, not doubled', () => {
    const book = new ServiceBook();
    book.register(registration('orders'), [], NOW);
    book.register({ ...registration('orders'), start: 'systemctl start orders' }, [], NOW);
    expect(book.services(NOW)).toMatchObject([{ name: 'orders', registration: { start: 'systemctl start orders' } }]);
  });
});

test('what is loaded is as it was kept', () => {
  const book = bookOf(found(['job=a', 'job=b'], ['job=a>job=b']));
  book.changeDependency({ kind: 'remove', from: 'a', to: 'b' }, NOW);
  const { services, dependencies } = book.takeChanges();
  const again = new ServiceBook();
  again.load(services, dependencies);
  again.absorb(found(['job=a', 'job=b'], ['job=a>job=b']), NOW);
  expect(names(again)).toEqual(['a', 'b']);
  expect(calls(again)).toEqual([]);
});
