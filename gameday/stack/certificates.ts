import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needed, run } from './execute.ts';

/** The name that clients know the edge by. */
export const EDGE_NAME = 'shop.test';

/** An authority of the run's own, and a certificate of it for the edge: `ca.crt`, `edge.crt`, `edge.key` below the folder. */
export async function makeCertificates(folder: string): Promise<void> {
  const openssl = needed('openssl');
  const curve = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const at = (name: string): string => join(folder, name);
  for (const key of ['ca.key', 'edge.key']) await run([openssl, 'genpkey', ...curve, '-out', at(key)]);
  const authority = ['-subj', '/CN=Gameday authority', '-days', '30', '-out', at('ca.crt')];
  await run([openssl, 'req', '-x509', '-new', '-key', at('ca.key'), ...authority]);
  await run([openssl, 'req', '-new', '-key', at('edge.key'), '-subj', `/CN=${EDGE_NAME}`, '-out', at('edge.csr')]);
  writeFileSync(at('edge.ext'), `subjectAltName=DNS:${EDGE_NAME}\nbasicConstraints=CA:FALSE\n`);
  await signCertificate(folder, 'edge.crt', 30);
}

/**
 * Signs the edge's request anew into the named file. A negative number of days makes one that ended so long ago: openssl is
 * shown an earlier day.
 */
export async function signCertificate(folder: string, name: string, days: number): Promise<void> {
  const at = (file: string): string => join(folder, file);
  const validity = [
    '-days',
    String(days < 0 ? 1 : days),
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
  ];
  const files = ['-in', at('edge.csr'), '-out', at(name), '-extfile', at('edge.ext')];
  const words = [needed('openssl'), 'x509', '-req', ...files, ...validity];
  await run(days < 0 ? [needed('faketime'), '-f', `${days - 1}d`, ...words] : words);
}
