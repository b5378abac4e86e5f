/** Which scenarios there are, and how often each comes up. */
import { declaredBytes, greetedBytes, resetBytes, sniffedBytes } from './scenarios/bytes.ts';
import * as http from './scenarios/http.ts';

interface Entry {
  readonly name: string;
  readonly weight: number;
  readonly run: http.Scenario;
}

const MIX: readonly Entry[] = [
  { name: 'keep-alive', weight: 20, run: http.keepAlive },
  { name: 'short', weight: 20, run: http.short },
  { name: 'pipelined', weight: 10, run: http.pipelined },
  { name: 'head', weight: 5, run: http.headOnly },
  { name: 'upload', weight: 10, run: http.upload },
  { name: 'chunked-upload', weight: 10, run: http.chunkedUpload },
  { name: 'broken-off', weight: 8, run: http.brokenOff },
  { name: 'client-aborts', weight: 8, run: http.clientAborts },
  { name: 'upgrade', weight: 5, run: http.upgrade },
  { name: 'declared-bytes', weight: 10, run: declaredBytes },
  { name: 'sniffed-bytes', weight: 8, run: sniffedBytes },
  { name: 'greeted-bytes', weight: 8, run: greetedBytes },
  { name: 'reset-bytes', weight: 8, run: resetBytes },
];

export const MIX_NAMES: readonly string[] = MIX.map(({ name }) => name);

/** @param at uniform in [0, 1) */
export function chooseScenario(at: number): Entry {
  let ticket = at * MIX.reduce((sum, { weight }) => sum + weight, 0);
  for (const entry of MIX) {
    ticket -= entry.weight;
    if (ticket < 0) return entry;
  }
  throw new Error(`${at} is not below 1`);
}
