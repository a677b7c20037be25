import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AuspexError } from '../../errors.ts';

/** Stands in the built page where the base path goes: `<base href="__AUSPEX_BASE__/">`. Replaced by '' or `/auspex`. */
export const BASE_PLACEHOLDER = '__AUSPEX_BASE__';
const YEAR_SECONDS = 31_536_000;

/** Strict: no inline script or style. Sockets to the own address count as 'self'. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export interface PageOptions {
  readonly staticDir: string;
  readonly basePath: string;
}

/** Serves the built dashboard's files: pre-compressed where they are, hashed ones for good. */
export async function registerPage(app: FastifyInstance, page: PageOptions): Promise<void> {
  const { staticDir } = page;
  app.route({ method: ['GET', 'HEAD'], url: '/', handler: (_request, reply) => sendPage(reply, page) });
  if (!existsSync(join(staticDir, 'index.html'))) return;
  await app.register(fastifyStatic, {
    root: staticDir,
    index: false,
    redirect: false,
    preCompressed: true,
    dotfiles: 'ignore',
    cacheControl: false,
    // index.html is never served as it is: the base path is put in.
    allowedPath: (path) => !/^\/?index\.html/.test(path),
    setHeaders: (reply, path) => {
      const isHashed = /[/\\]assets[/\\]/.test(path);
      reply.header('cache-control', isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache');
    },
  });
}

/** Whether a request that no route took is for a page of the dashboard: a browser asks, and not for a file or the API. */
export function wantsPage(request: FastifyRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const path = request.url.split('?', 1)[0] ?? '/';
  if (/^\/(api|ai|assets|metrics|healthz|readyz|openapi\.json)(\/|$)/.test(path)) return false;
  if (/\.[a-z0-9]{1,8}$/i.test(path) && path !== '/index.html') return false;
  return (request.headers.accept ?? '*/*').split(',').some((type) => /^\s*(text\/html|text\/\*|\*\/\*)/.test(type));
}

/** The page itself, the same for every path of the dashboard. */
export async function sendPage(reply: FastifyReply, { staticDir, basePath }: PageOptions): Promise<FastifyReply> {
  reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8');
  let html: string;
  try {
    html = await readFile(join(staticDir, 'index.html'), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw AuspexError.from(cause);
    return reply
      .code(503)
      .header('retry-after', '10')
      .send(
        plainPage(
          'The page is not built',
          'Auspex runs, and its API answers, but the built dashboard is not there. Run “npm run build” in the checkout, or reinstall the package, and load this page again.',
        ),
      );
  }
  return reply.send(html.replaceAll(BASE_PLACEHOLDER, escapeHtml(basePath)));
}

/** A page of text, for when there is no other. */
export function plainPage(title: string, text: string): string {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)} · Auspex</title></head><body><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p></body></html>\n`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
