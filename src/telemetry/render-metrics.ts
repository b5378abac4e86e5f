/** Samples as Prometheus text exposition format 0.0.4. Pure. */
import type { MetricDescription, Sample } from './metric.ts';
import { METRIC_DESCRIPTIONS } from './metric-descriptions.ts';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A scrape never carries more lines than this, however many label values the traffic brought. */
export const MAX_SERIES = 50_000;

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const HISTOGRAM_PART = /_(bucket|sum|count)$/;

/**
 * Groups samples by family (the format wants a family's lines together), in order of first appearance. Samples whose
 * name is not a legal metric name, and those beyond `MAX_SERIES`, are left out and counted in a gauge at the end.
 */
export function renderMetrics(samples: Iterable<Sample>): string {
  const families = new Map<string, string[]>();
  let series = 0;
  let dropped = 0;
  for (const one of samples) {
    if (series >= MAX_SERIES || !NAME.test(one.name)) {
      dropped++;
      continue;
    }
    series++;
    const family = familyOf(one.name);
    const lines = families.get(family);
    const line = renderSample(one);
    if (lines === undefined) families.set(family, [line]);
    else lines.push(line);
  }
  families.set('towpath_metrics_dropped_series', [`towpath_metrics_dropped_series ${dropped}`]);
  return [...families].map(([family, lines]) => `${renderHeader(family)}${lines.join('\n')}\n`).join('');
}

function familyOf(name: string): string {
  const base = name.replace(HISTOGRAM_PART, '');
  return base !== name && METRIC_DESCRIPTIONS[base]?.type === 'histogram' ? base : name;
}

function renderHeader(family: string): string {
  const { type, help } = METRIC_DESCRIPTIONS[family] ?? guessDescription(family);
  return `# HELP ${family} ${escapeHelp(help)}\n# TYPE ${family} ${type}\n`;
}

/** A name without an entry still gets a true type: by convention counters end in `_total`. */
function guessDescription(family: string): MetricDescription {
  const words = family.replace(/^towpath_/, '').replaceAll('_', ' ');
  return { type: family.endsWith('_total') ? 'counter' : 'gauge', help: `${words}.` };
}

function renderSample({ name, labels, value }: Sample): string {
  const pairs = Object.entries(labels)
    .filter(([label]) => LABEL_NAME.test(label))
    .map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${renderValue(value)}`;
}

function renderValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

/** Backslash, quote and line feed are all the format asks for; a lone surrogate would not survive UTF-8. */
function escapeLabel(text: string): string {
  return text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
