/** The token service: GET /token gives a token of two minutes. Environment: HOST, PORT, TOKEN_SECRET. */
import { createServer } from 'node:http';
import { signToken } from './web-token.ts';

const { HOST = '127.0.0.1', PORT = '0', TOKEN_SECRET = '' } = process.env;
const LIFE = 120;

const server = createServer((request, response) => {
  if (request.url === '/health') return void response.end('{"status":"ok"}');
  if (request.url !== '/token') return void response.writeHead(404).end();
  const now = Math.floor(Date.now() / 1000);
  const token = signToken({ sub: 'client', nbf: now - 5, exp: now + LIFE }, TOKEN_SECRET);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, seconds: LIFE }));
});
server.listen(Number(PORT), HOST);
process.on('SIGTERM', () => process.exit(0));
