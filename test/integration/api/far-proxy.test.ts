import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Running, startServer } from './running-server.ts';

/* A real nginx in a network of its own stands for a proxy on another machine. Callers are told apart by their addresses on the link between. */

const can = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const space = `auspex-${process.pid}`;
const net = `10.${210 + (process.pid % 40)}.${process.pid % 250}`;
const [ours, other, proxy] = [`${net}.1`, `${net}.3`, `${net}.2`];
const PROXY_PORT = 8080;
const link = `ax${process.pid % 10_000}`;

const isRoot = process.getuid?.() === 0;
const isThere = isRoot && can('nginx', '-v') && can('ip', 'netns', 'add', space) && can('ip', 'netns', 'del', space);

describe.skipIf(!isThere)(
  `behind a proxy on another machine${isThere ? '' : ' (skipped: needs root, ip, nginx)'}`,
  () => {
    let folder: string;
    let nginx: ChildProcess;
    let running: Running;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'auspex-proxy-'));
      for (const command of [
        `netns add ${space}`,
        `link add ${link}a type veth peer name ${link}b netns ${space}`,
        `addr add ${ours}/24 dev ${link}a`,
        `addr add ${other}/24 dev ${link}a`,
        `link set ${link}a up`,
        `-n ${space} addr add ${proxy}/24 dev ${link}b`,
        `-n ${space} link set ${link}b up`,
      ])
        expect(can('ip', ...command.split(' ')), command).toBe(true);
    });

    afterEach(async () => {
      nginx.kill('SIGTERM');
      await once(nginx, 'exit');
      await running.close();
      // A link that goes with its namespace goes some time later, and its name is needed again.
      spawnSync('ip', ['link', 'del', `${link}a`]);
      spawnSync('ip', ['netns', 'del', space]);
      rmSync(folder, { recursive: true, force: true });
    });

    async function start(trustedProxies: readonly string[], told: string): Promise<void> {
      running = await startServer({}, { trustedProxies }, 0, undefined, ours);
      const { people } = running.access;
      const { link: invitation } = await people.add('anna', 'admin');
      await people.changePassword(
        (await running.access.redeemLink(invitation.code)).principal,
        null,
        'correct horse battery',
      );
      const conf = join(folder, 'nginx.conf');
      writeFileSync(
        conf,
        `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
      events {}
      http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
        uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
        server { listen ${proxy}:${PROXY_PORT}; location / { proxy_pass http://${ours}:${running.port};
          proxy_set_header Host $host; ${told} } } }`,
      );
      nginx = spawn('ip', ['netns', 'exec', space, 'nginx', '-c', conf, '-p', folder], { stdio: 'ignore' });
      for (let left = 100; ; left--) {
        if (
          await guess(ours, {}, 'GET').then(
            (status) => status < 500,
            () => false,
          )
        )
          return;
        expect(left, 'nginx does not answer').toBeGreaterThan(0);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    /** One try with a wrong password through the proxy, from one of our addresses. */
    function guess(localAddress: string, headers: Record<string, string> = {}, method = 'POST'): Promise<number> {
      return new Promise((resolve, reject) => {
        const path = method === 'POST' ? '/api/session' : '/healthz';
        const sent = request(
          {
            host: proxy,
            port: PROXY_PORT,
            localAddress,
            path,
            method,
            headers: { 'content-type': 'application/json', ...headers },
          },
          (answer) => {
            answer.resume();
            answer.on('end', () => resolve(answer.statusCode ?? 0));
          },
        );
        sent.on('error', reject);
        sent.end(method === 'POST' ? JSON.stringify({ name: 'anna', password: 'a wrong password' }) : undefined);
      });
    }
    async function guesses(count: number, from: string, headers: (i: number) => Record<string, string> = () => ({})) {
      const statuses: number[] = [];
      for (let i = 0; i < count; i++) statuses.push(await guess(from, headers(i)));
      return statuses;
    }
    const appended = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;';

    test('named, callers are told apart by what it appends, and a header of theirs changes nothing', async () => {
      await start([proxy], appended);
      const forged = (i: number) => ({ 'x-forwarded-for': `203.0.113.${i}, ${other}` });
      expect(await guesses(5, ours, forged)).toEqual([401, 401, 401, 429, 429]);
      expect(await guesses(4, other)).toEqual([401, 401, 401, 429]);
    });

    test('a forged Forwarded beside its header makes no new source', async () => {
      await start([`${net}.0/25`], appended);
      const forged = (i: number) => ({ forwarded: `for=203.0.113.${i}` });
      expect(await guesses(5, ours, forged)).toEqual([401, 401, 401, 429, 429]);
    });

    test('one that writes Forwarded', async () => {
      await start(
        [proxy],
        'proxy_set_header Forwarded "for=$remote_addr;proto=http"; proxy_set_header X-Forwarded-For "";',
      );
      expect(await guesses(4, ours, (i) => ({ forwarded: `for=203.0.113.${i}` }))).toEqual([401, 401, 401, 429]);
      expect(await guesses(1, other)).toEqual([401]);
    });

    test('not named, all who come through it are one', async () => {
      await start([], appended);
      expect(await guesses(4, ours, (i) => ({ 'x-forwarded-for': `203.0.113.${i}` }))).toEqual([401, 401, 401, 429]);
      expect(await guesses(1, other)).toEqual([429]);
    });
  },
);
