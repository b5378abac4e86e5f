import type { Bus, BusMessage } from '../../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import {
  type QuotaListReply,
  type QuotaRecord,
  type QuotaRow,
  quotaListRequestSchema,
  quotaRecordSchema,
} from '../../contract/quota-messages.ts';
import type { Subjects } from '../../contract/subjects.ts';
import { rejectRequest } from '../reject-request.ts';
import { usedOf } from './lease-window.ts';

const MAX_ROWS = 1_000;
const EMPTY = new TextEncoder().encode('{}');

/** `control.quota.list`: the buckets of global limits, those that are nearest to their limit first. @param nowMs of the clock of quotas */
export async function listQuotas(
  bus: Bus,
  subjects: Subjects,
  nowMs: number,
  request: Pick<BusMessage, 'data'>,
): Promise<QuotaListReply> {
  const body = decodeJson(request.data.length === 0 ? EMPTY : request.data, quotaListRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { service, near = 0 } = body.value;
  const entries = await bus.bucket(subjects.bucket('quota')).list();
  const rows = entries.flatMap(({ key, data }): QuotaRow[] => {
    const record = key.startsWith('_') ? null : decodeJson(data, quotaRecordSchema, MAX_RECORD_BYTES);
    return record?.ok === true ? [rowOf(record.value, nowMs)] : [];
  });
  const wanted = rows.filter((row) => (service === undefined || row.service === service) && shareOf(row) * 100 >= near);
  wanted.sort((a, b) => shareOf(b) - shareOf(a) || compare(a.service, b.service) || compare(a.key, b.key));
  return { items: wanted.slice(0, MAX_ROWS), truncated: wanted.length > MAX_ROWS };
}

/** One bucket as it stands. */
export function rowOf(record: QuotaRecord, nowMs: number): QuotaRow {
  const { rule, service, caller, key, requests, windowMs, current, next } = record;
  const end = current.start + windowMs;
  const isNext = nowMs >= end && next !== null && nowMs < next.start + windowMs;
  const window = isNext ? next : nowMs < end ? current : null;
  const name = /^([^/]+\/[^/]+)\/global\/([0-9]+)@/.exec(rule);
  return {
    policy: name?.[1] ?? rule,
    rule: name?.[2] ?? '',
    service,
    caller,
    key,
    limit: requests,
    windowMs,
    used: window === null ? 0 : usedOf(window),
    granted: window?.granted ?? 0,
    resetMs: window === null ? 0 : Math.max(0, Math.min(windowMs, Math.ceil(window.start + windowMs - nowMs))),
    hosts: Object.entries(window?.hosts ?? {}).map(([host, { total, left }]) => ({ host, granted: total, left })),
  };
}

function shareOf({ used, limit }: QuotaRow): number {
  return limit === 0 ? 1 : used / limit;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
