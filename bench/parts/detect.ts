import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';

const MOST_NS = 400;
const MOST_BYTES = 600;

/** Time a sample and bytes a series of the detectors alone, in arrival order; each size in a process of its own. */
export async function detect(options: Options): Promise<Report> {
  const sizes = options.text('series', '1000,100000,1000000').split(',');
  const figures = sizes.map((size) => {
    const script = fileURLToPath(new URL('../detect/speed.ts', import.meta.url));
    const text = execFileSync(process.execPath, [script, size], { encoding: 'utf8' });
    const found = /: (\d+) ns\/sample, (\d+) bytes a record, (\d+) bytes\/series/.exec(text);
    if (found === null) throw new Error(`${script} said: ${text}`);
    const [ns, record, bytes] = found.slice(1).map(Number);
    return {
      series: Number(size),
      nsPerSample: ns as number,
      recordBytes: record as number,
      bytesPerSeries: bytes as number,
    };
  });
  return {
    columns: ['series', 'ns a sample', 'bytes a record', 'bytes a series with pages and index'],
    rows: figures.map((one) => [
      one.series.toLocaleString('en-US'),
      one.nsPerSample,
      one.recordBytes,
      one.bytesPerSeries,
    ]),
    notes: [
      `Aims: at most ${MOST_NS} ns a sample, ${MOST_BYTES} bytes a series. Pages hold 1,024 series: few series pay for a whole one.`,
    ],
    figures,
    missed: figures
      .filter((one) => one.nsPerSample > MOST_NS || one.recordBytes > MOST_BYTES)
      .map((one) => `${one.series} series: ${one.nsPerSample} ns, ${one.recordBytes} bytes`),
  };
}
