/**
 * Somebody who takes from the database and does not give back: `node database-holder.ts connections|locks <url> [ms between two]`. Ends
 * when it is killed.
 */
import pg from 'pg';

const [what, url = '', everyMs = '0'] = process.argv.slice(2);

async function open(name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function holdConnections(): Promise<void> {
  process.title = 'report-builder';
  const held: pg.Client[] = [];
  for (;;) {
    try {
      held.push(await open('report-builder'));
      await new Promise((wake) => setTimeout(wake, Number(everyMs)));
    } catch {
      // All are taken: the next that somebody gives back.
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
}

async function holdLocks(): Promise<void> {
  process.title = 'stock-import';
  const client = await open('stock-import');
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM stock FOR UPDATE');
  // The open connection keeps the process, and the locks.
}

await (what === 'locks' ? holdLocks() : holdConnections());
