/** What mutual TLS costs, as a table and as the promises about it. Pure. */

export interface MeshResult {
  readonly name: string;
  /** CPU microseconds of each process for one request of kept-alive HTTP/1.1. */
  readonly callerMicros: number;
  readonly calleeMicros: number;
  /** Of the callee, for a full handshake with one request; null: it makes none. */
  readonly handshakeMicros: number | null;
  /** p50, p90, p99. */
  readonly latencyMs: readonly number[];
}

interface Promised {
  readonly what: string;
  readonly measured: number;
  readonly limit: number;
}

/** What cannot be computed, for somebody did not take part, is left out. */
export function promises(results: readonly MeshResult[]): Promised[] {
  const find = (name: string): MeshResult | undefined => results.find((one) => one.name === name);
  const [own, plain, none] = [find('towpath'), find('towpath-plain'), find('none')];
  if (own === undefined) return [];
  const made: Promised[] = [];
  const compare = (hop: 'callerMicros' | 'calleeMicros', other: MeshResult | undefined, limit: number): void => {
    if (other === undefined) return;
    const what = `CPU per request, ${hop === 'callerMicros' ? 'caller' : 'callee'}, over ${other.name}`;
    made.push({ what, measured: own[hop] / other[hop], limit });
  };
  for (const hop of ['callerMicros', 'calleeMicros'] as const) {
    compare(hop, plain, 1.3);
    compare(hop, find('haproxy'), 1.05);
    compare(hop, find('envoy'), 0.6);
  }
  const haproxy = find('haproxy')?.handshakeMicros ?? null;
  if (haproxy !== null && own.handshakeMicros !== null)
    made.push({
      what: 'CPU per full handshake, over haproxy',
      measured: own.handshakeMicros / haproxy,
      limit: 1 / 0.8,
    });
  for (const [place, limit] of [
    [1, 0.2],
    [2, 0.3],
  ] as const)
    made.push({
      what: `ms added at p${place === 1 ? 90 : 99} by two sidecars`,
      measured: (own.latencyMs[place] ?? Number.NaN) - (none?.latencyMs[place] ?? Number.NaN),
      limit,
    });
  return made;
}

export function render(results: readonly MeshResult[]): string {
  const cell = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));
  const rows = results.map(({ name, callerMicros, calleeMicros, handshakeMicros, latencyMs }) => {
    const cells = [cell(callerMicros, 1), cell(calleeMicros, 1), cell(handshakeMicros, 0)];
    return `| ${[name, ...cells, ...latencyMs.map((ms) => cell(ms, 3))].join(' | ')} |`;
  });
  const judged = promises(results).map(
    ({ what, measured, limit }) =>
      `| ${what} | ${cell(measured, 2)} | ${cell(limit, 2)} | ${measured <= limit ? 'kept' : 'missed'} |`,
  );
  return [
    '| pair | caller, us/request | callee, us/request | callee, us/handshake | p50 ms | p90 ms | p99 ms |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '| promise | measured | limit | |',
    '|---|---|---|---|',
    ...judged,
    '',
  ].join('\n');
}
