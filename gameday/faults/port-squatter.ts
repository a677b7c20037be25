/** Listens where another should, and knows nothing: `node port-squatter.ts <address> <port>`. */
import { createServer } from 'node:http';

process.title = 'port-squatter';
createServer((_request, response) => void response.writeHead(404).end('It works!')).listen(
  Number(process.argv[3]),
  process.argv[2],
);
