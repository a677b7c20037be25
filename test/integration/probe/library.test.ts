import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Auspex } from '../../../src/index.ts';

/* A program that registers a service of its own: its figures and its word on how it is come in by themselves. */

let home: string;
let auspex: Auspex;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'auspex-library-'));
  auspex = await Auspex.start({ home, watchHost: false });
}, 60_000);
afterEach(async () => {
  await auspex.close();
  rmSync(home, { recursive: true, force: true });
});

const seriesOf = async (match: string) => (await auspex.call('series', { query: { match } })).items;

test('its figures and its health come under its name; registered again it is changed', {
  timeout: 60_000,
}, async () => {
  let isWell = true;
  const service = {
    name: 'payments',
    metrics: () => [{ name: 'payments_per_minute', value: 42 }],
    check: { kind: 'callback', isWell: () => isWell },
    interval: 5,
    dependencies: ['postgres'],
    business: ['payments_per_minute'],
    start: 'systemctl start payments',
  } as const;
  const registered = await auspex.registerService(service);
  expect(registered).toMatchObject({ name: 'payments', isRegistered: true, callees: [{ name: 'postgres' }] });
  await expect.poll(() => seriesOf('payments_per_minute{job="payments"}'), { timeout: 20_000 }).toHaveLength(1);
  await expect.poll(() => seriesOf('probe_success{job="payments"}'), { timeout: 20_000 }).toHaveLength(1);
  isWell = false;
  const again = await auspex.registerService({ ...service, start: 'docker start payments' });
  expect(again).toMatchObject({ id: registered.id, start: 'docker start payments', check: { kind: 'callback' } });
  expect((await auspex.call('services')).items.map(({ name }) => name).sort()).toEqual(['payments', 'postgres']);
});

test('one that is unregistered is asked no more and stays away, whoever is still answering', {
  timeout: 60_000,
}, async () => {
  let answer: (isWell: boolean) => void = () => {};
  let asked = 0;
  const service = await auspex.registerService({
    name: 'mailer',
    check: {
      kind: 'callback',
      isWell: () => {
        asked++;
        return new Promise<boolean>((resolve) => (answer = resolve));
      },
    },
    interval: 5,
    timeout: 60,
  });
  await expect.poll(() => asked, { timeout: 20_000 }).toBe(1);
  await service.unregister();
  answer(true);
  await expect(auspex.call('service', { params: { id: 'mailer' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await service.unregister();
  await new Promise((later) => setTimeout(later, 6_000));
  expect(asked).toBe(1);
  expect(await seriesOf('probe_success{job="mailer"}')).toEqual([]);
});

test('what a person removed is asked no more; a person’s name for a service does not hinder its program', {
  timeout: 60_000,
}, async () => {
  const options = { name: 'mailer', check: { kind: 'callback', isWell: () => true }, interval: 5 } as const;
  const { id } = await auspex.registerService(options);
  await auspex.call('changeService', { params: { id }, body: { kind: 'rename', name: 'post' } });
  expect(await auspex.registerService(options)).toMatchObject({ id, name: 'post' });
  await expect.poll(() => seriesOf('probe_success{job="mailer"}'), { timeout: 20_000 }).toHaveLength(1);
  const removed = await auspex.call('removeService', { params: { id: 'post' } });
  expect(removed).toMatchObject({
    id,
    name: 'post',
    sentence: expect.stringMatching(/comes back by itself/) as string,
  });
  const [before] = await seriesOf('probe_success{job="mailer"}');
  await new Promise((later) => setTimeout(later, 6_000));
  expect(await seriesOf('probe_success{job="mailer"}')).toEqual([before]);
  expect((await auspex.call('services')).items).toEqual([]);
});

test.each([
  ['no name', { name: ' ' }, /name/],
  ['a check of something else', { name: 'a', check: { kind: 'http', target: 'ftp://a' } }, /check\.target/],
  ['a port that is none', { name: 'a', check: { kind: 'tcp', target: 'db' } }, /host and port/],
  ['an interval out of bounds', { name: 'a', interval: 1 }, /intervalSeconds/],
  ['a metric that is none', { name: 'a', business: ['orders per minute'] }, /business/],
] as const)('%s is refused', async (_, options, reason) => {
  await expect(auspex.registerService(options)).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    message: expect.stringMatching(reason) as string,
  });
});
