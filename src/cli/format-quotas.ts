import type { QuotaListReply, QuotaRow } from '../contract/quota-messages.ts';
import type { CommandIo } from './command.ts';
import { formatTable, paint } from './output.ts';

/** One row for each caller and limit. */
export function formatQuotas({ items }: QuotaListReply, io: Pick<CommandIo, 'colour'>): string {
  const rows = items.map((row) => {
    const percent = percentOf(row);
    const colour = percent >= 100 ? 'red' : percent >= 80 ? 'yellow' : 'green';
    return [row.service, callerOf(row), ...useOf(row), paint(io, colour, `${percent}%`), resetOf(row)];
  });
  return formatTable(['service', 'caller', 'used', 'limit', 'window', 'share', 'reset'], rows);
}

/** Also which policy and rule, how the caller is known, and the tokens of each host. */
export function formatQuotasWide({ items }: QuotaListReply): string {
  const rows = items.map((row) => [
    row.service,
    callerOf(row),
    sourceOf(row),
    ...useOf(row),
    `${percentOf(row)}%`,
    resetOf(row),
    row.policy,
    row.rule,
    row.hosts.map(({ host, granted, left }) => `${host}=${granted - left}/${granted}`).join(' ') || '-',
  ]);
  const header = [
    'service',
    'caller',
    'known by',
    'used',
    'limit',
    'window',
    'share',
    'reset',
    'policy',
    'rule',
    'hosts',
  ];
  return formatTable(header, rows);
}

function useOf({ used, limit, windowMs }: QuotaRow): string[] {
  return [String(used), String(limit), inShort(windowMs)];
}

function callerOf({ caller, key }: QuotaRow): string {
  const rest = key.includes(' ') ? key.slice(key.indexOf(' ')) : '';
  if (caller === '') return key === '' ? '(all)' : key;
  return `${caller}${rest}`;
}

function sourceOf({ key }: QuotaRow): string {
  return /^(mtls|header|workload|address):/.exec(key)?.[1] ?? '-';
}

function percentOf({ used, limit }: QuotaRow): number {
  return limit === 0 ? 100 : Math.floor((used * 100) / limit);
}

function resetOf({ resetMs }: QuotaRow): string {
  return resetMs === 0 ? '-' : inShort(Math.ceil(resetMs / 1000) * 1000);
}

/** `1d`, `2h30m`, `10s`, `1500ms`. */
export function inShort(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`;
  const parts = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
  ] as const;
  let left = ms;
  let text = '';
  for (const [size, unit] of parts) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}
