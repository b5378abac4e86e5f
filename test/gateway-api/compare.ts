/** Pure: what is wrong with the outcome of a case, in one sentence; null when nothing is. */
import type { Case, ConditionCase, GrpcCase, RequestCase, SplitCase } from './case-types.ts';
import type { Result } from './programs/replay-client.ts';
import type { Item } from './replay.ts';

export type Outcome =
  | { readonly type: 'answer'; readonly result: Result | undefined; readonly copies: ReadonlyMap<string, number> }
  | { readonly type: 'answers'; readonly answers: readonly string[] }
  | { readonly type: 'item'; readonly item: Item | undefined };

export function compareCase(one: Case, outcome: Outcome): string | null {
  if (outcome.type === 'item') return one.type === 'condition' ? compareCondition(one, outcome.item) : 'wrong outcome';
  if (outcome.type === 'answers') return one.type === 'split' ? compareShares(one, outcome.answers) : 'wrong outcome';
  const { result } = outcome;
  if (result === undefined) return 'there is no result';
  switch (one.type) {
    case 'request':
      return compareAnswer(one, result) ?? compareCopies(outcome.copies);
    case 'grpc':
      return compareCall(one, result);
    case 'upgrade':
      return result.status === 101 && result.headers['x-backend'] === one.backend
        ? null
        : `${result.status} ${result.error} from ${result.headers['x-backend']}`;
    case 'connection':
      return result.body.trim() === (one.backend ?? '')
        ? null
        : `${JSON.stringify(result.body)} instead of ${one.backend} (${result.error})`;
    default:
      return 'wrong outcome';
  }
}

function compareAnswer(one: RequestCase, result: Result): string | null {
  const { status, headers, body } = result;
  if (!one.status.includes(status))
    return `status ${status} instead of ${one.status.join(' or ')} ${result.error} ${body.slice(0, 200)}`;
  const backend = headers['x-backend'];
  if (one.backend !== undefined && backend !== one.backend) return `answered by ${backend} instead of ${one.backend}`;
  if (one.location !== undefined && headers['location'] !== one.location)
    return `Location ${headers['location']} instead of ${one.location}`;
  for (const [name, values] of Object.entries(one.headers ?? {})) {
    const found = headers[name]?.replaceAll(/,\s+/g, ',');
    const wanted = values.map((value) => value.replaceAll(/,\s+/g, ','));
    if (found === undefined || !wanted.includes(found))
      return `the answer has ${name}: ${headers[name]} instead of ${values.join(' or ')}`;
  }
  const surplus = one.absent?.find((name) => headers[name] !== undefined);
  if (surplus !== undefined) return `the answer has ${surplus}: ${headers[surplus]}`;
  return one.seen === undefined ? null : compareSeen(one.seen, JSON.parse(body), backend ?? '');
}

interface Seen {
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

function compareSeen(wanted: NonNullable<RequestCase['seen']>, seen: Seen, backend: string): string | null {
  if (wanted.path !== undefined && seen.path !== wanted.path)
    return `the server saw the path ${seen.path} instead of ${wanted.path}`;
  if (wanted.host !== undefined && seen.host !== wanted.host)
    return `the server saw the host ${seen.host} instead of ${wanted.host}`;
  for (const [name, value] of Object.entries(wanted.headers ?? {})) {
    const expected = value === '$backend' ? backend : value;
    const found = seen.headers[name]?.replaceAll(/,\s+/g, ',');
    if (found !== expected) return `the server saw ${name}: ${found} instead of ${expected}`;
  }
  const surplus = wanted.absent?.find((name) => seen.headers[name] !== undefined);
  return surplus === undefined ? null : `the server saw ${surplus}: ${seen.headers[surplus]}`;
}

function compareCopies(copies: ReadonlyMap<string, number>): string | null {
  for (const [host, count] of copies) if (count !== 1) return `${host} saw ${count} copies instead of 1`;
  return null;
}

function compareCall(one: GrpcCase, result: Result): string | null {
  const { headers } = result;
  if (headers['grpc-status'] !== String(one.code))
    return `gRPC status ${headers['grpc-status']} instead of ${one.code} (HTTP ${result.status}) ${result.error} ${headers['grpc-message'] ?? ''}`;
  if (one.backend !== undefined && headers['x-backend'] !== one.backend)
    return `answered by ${headers['x-backend']} instead of ${one.backend}`;
  if (one.seen === undefined) return null;
  return compareSeen(
    one.seen,
    JSON.parse(Buffer.from(headers['x-seen'] ?? '', 'base64').toString() || '{}'),
    headers['x-backend'] ?? '',
  );
}

function compareShares({ shares, tolerance }: SplitCase, answers: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const told = [...counts].map(([answer, count]) => `${answer}: ${count}`).join(', ');
  for (const [name, share] of Object.entries(shares)) {
    const found = (counts.get(name) ?? 0) / answers.length;
    if (Math.abs(found - share) > tolerance || (share === 0 && found > 0))
      return `${told} of ${answers.length}, which is not ${share} for ${name}`;
  }
  const stranger = [...counts.keys()].find((name) => name !== 'none' && !Object.hasOwn(shares, name));
  return stranger === undefined ? null : `${stranger} answered: ${told}`;
}

function compareCondition(one: ConditionCase, item: Item | undefined): string | null {
  const found = item?.status.conditions.find(({ type }) => type === one.condition);
  if (found?.status === one.status && found.reason === one.reason) return null;
  return `${one.condition} is ${found?.status} ${found?.reason} instead of ${one.status} ${one.reason} (${found?.message})`;
}
