import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startServer } from './running-server.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

let folder: string;
let running: Running;
let certificate: string;

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = mkdtempSync(join(tmpdir(), 'auspex-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  ]);
  certificate = readFileSync(cert, 'utf8');
  running = await startServer({}, { tls: { cert: certificate, key: readFileSync(key, 'utf8') } });
});
afterAll(async () => {
  await running?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function answer(path: string, ca?: string): Promise<{ status: number; cookie: string }> {
  return new Promise((resolve, reject) => {
    get(
      { host: '127.0.0.1', port: running.port, path, agent: false, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, cookie: String(response.headers['set-cookie'] ?? '') });
      },
    ).on('error', reject);
  });
}

test.skipIf(!hasOpenssl)('with a certificate the server answers over TLS, to those who trust it', async () => {
  expect(await answer('/healthz', certificate)).toMatchObject({ status: 200 });
  await expect(answer('/healthz')).rejects.toThrow('self-signed');
});

test.skipIf(!hasOpenssl)('over TLS the session cookie never goes out in the open', async () => {
  const code = await running.makeLink();
  const { status, cookie } = await answer(`/sign-in?code=${encodeURIComponent(code)}`, certificate);
  expect(status).toBe(303);
  expect(cookie).toContain('; Secure');
});
