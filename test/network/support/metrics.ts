/** Reads the Prometheus text format, for exact assertions on counters. */

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Metrics {
  readonly samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.samples = samples;
  }

  /** The sum of all series of that name that carry these labels (and perhaps more); 0 when there is none. */
  value(name: string, labels: Labels = {}): number {
    const wanted = Object.entries(labels);
    return this.samples
      .filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === String(value)))
      .reduce((sum, sample) => sum + sample.value, 0);
  }

  /** The series of that name as text, for failure messages. */
  describe(name: string): string {
    const lines = this.samples.filter((s) => s.name === name).map((s) => `${JSON.stringify(s.labels)} ${s.value}`);
    return lines.length === 0 ? `no series ${name}` : lines.join('\n');
  }
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/g;

/** @throws Error on a line that is neither a comment nor a sample: a scraper would refuse the page. */
export function parseMetrics(text: string): Metrics {
  const samples = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): Sample => {
      const [, name = '', labels = '', value = ''] = LINE.exec(line) ?? [];
      if (name === '' || labels.replace(LABEL, '') !== '') throw new Error(`not a Prometheus sample: ${line}`);
      const pairs = [...labels.matchAll(LABEL)].map(([, key = '', raw = '']): [string, string] => [
        key,
        unescapeLabel(raw),
      ]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
  return new Metrics(samples);
}

function unescapeLabel(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}
