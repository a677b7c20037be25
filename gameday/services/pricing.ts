/** What others ask for an item: GET /offers/ID. Environment: HOST, PORT. */
import { createServer } from 'node:http';
import { offerOf } from './content.ts';

const { HOST = '127.0.0.1', PORT = '0' } = process.env;

const server = createServer((request, response) => {
  const id = Number(/^\/offers\/(\d+)$/.exec(request.url ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(id)) return void response.writeHead(request.url === '/health' ? 200 : 404).end();
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id, priceCents: offerOf(id) }));
});
server.listen(Number(PORT), HOST);
process.on('SIGTERM', () => process.exit(0));
