import type { Handlers } from '../handlers.ts';
import type { ServerParts } from '../ports.ts';

export function backupHandlers({ backup, clock }: ServerParts): Pick<Handlers, 'backup'> {
  return {
    backup: async ({ body }) => ({
      status: 200,
      headers: {
        'content-type': 'application/gzip',
        'content-disposition': `attachment; filename="auspex-${new Date(clock.now()).toISOString().slice(0, 10)}.tar.gz"`,
        'cache-control': 'no-store',
      },
      body: backup(body),
    }),
  };
}
