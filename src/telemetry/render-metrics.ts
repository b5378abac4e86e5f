/** Samples as Prometheus text exposition format 0.0.4, or as OpenMetrics 1.0 for scrapers that ask for it. Pure. */
import { CONTROL_DESCRIPTIONS } from './control-descriptions.ts';
import type { Labels, MetricDescription, Sample } from './metric.ts';
import { METRIC_DESCRIPTIONS } from './metric-descriptions.ts';

export type MetricsFormat = 'text' | 'openmetrics';

export const METRICS_CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** A scrape never carries more lines than this, however many label values the traffic brought. */
export const MAX_SERIES = 50_000;

const DESCRIPTIONS: Readonly<Record<string, MetricDescription>> = { ...METRIC_DESCRIPTIONS, ...CONTROL_DESCRIPTIONS };
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const HISTOGRAM_PART = /_(bucket|sum|count)$/;
const NEEDS_ESCAPE = /[\\"\n\ud800-\udfff]/;

/** The format that the scraper prefers by its Accept header; text where it does not say. */
export function chooseFormat(accept: string): MetricsFormat {
  return /\bapplication\/openmetrics-text\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(accept) ? 'openmetrics' : 'text';
}

/**
 * Groups samples by family (the format wants a family's lines together), in order of first appearance. Samples whose
 * name is not a legal metric name, and those beyond `MAX_SERIES`, are left out and counted in a gauge at the end.
 */
export function renderMetrics(samples: Iterable<Sample>, format: MetricsFormat = 'text'): string {
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
    const line = renderSample(one, format);
    if (lines === undefined) families.set(family, [line]);
    else lines.push(line);
  }
  families.set('towpath_metrics_dropped_series', [`towpath_metrics_dropped_series ${dropped}`]);
  const text = [...families].map(([family, lines]) => `${renderHeader(family, format)}${lines.join('\n')}\n`).join('');
  return format === 'text' ? text : `${text}# EOF\n`;
}

function familyOf(name: string): string {
  const base = name.replace(HISTOGRAM_PART, '');
  return base !== name && DESCRIPTIONS[base]?.type === 'histogram' ? base : name;
}

/** OpenMetrics names the family of a counter without `_total`. */
function renderHeader(family: string, format: MetricsFormat): string {
  const { type, help } = DESCRIPTIONS[family] ?? guessDescription(family);
  const name = format === 'openmetrics' && type === 'counter' ? family.replace(/_total$/, '') : family;
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

/** A name without an entry still gets a true type: by convention counters end in `_total`. */
function guessDescription(family: string): MetricDescription {
  const words = family.replace(/^towpath_/, '').replaceAll('_', ' ');
  return { type: family.endsWith('_total') ? 'counter' : 'gauge', help: `${words}.`, labels: [] };
}

function renderSample({ name, labels, value, exemplar }: Sample, format: MetricsFormat): string {
  const line = `${name}${renderLabels(labels)} ${renderValue(value)}`;
  if (format === 'text' || exemplar === undefined) return line;
  const { traceId, value: example, seconds } = exemplar;
  return `${line} # {trace_id="${escapeLabel(traceId)}"} ${renderValue(example)} ${renderValue(seconds)}`;
}

function renderLabels(labels: Labels): string {
  let text = '';
  for (const label in labels) {
    if (!LABEL_NAME.test(label)) continue;
    text += `${text === '' ? '{' : ','}${label}="${escapeLabel(labels[label] ?? '')}"`;
  }
  return text === '' ? '' : `${text}}`;
}

function renderValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

/** Backslash, quote and line feed are all the format asks for; a lone surrogate would not survive UTF-8. */
function escapeLabel(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return text;
  return text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
