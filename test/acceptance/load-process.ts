// Sends load for some seconds and prints what was acknowledged: `node load-process.ts URL SECONDS`.
import { Load } from './load.ts';
import { pause } from './support.ts';

const [url = '', seconds = '10'] = process.argv.slice(2);
const load = new Load(url, 4, 0);
load.start();
await pause(Number(seconds) * 1000);
await load.stop();
console.log(JSON.stringify({ acknowledged: load.acknowledged, slowestMs: load.slowestMs, from: load.from }));
