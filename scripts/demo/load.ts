/** A steady load from the shop host, by shop-client.ts, whose outcomes are read while it runs. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostProcess } from '../../test/network/support/host-process.ts';
import type { TestLab } from '../../test/network/support/lab.ts';

export interface Tally {
  readonly sent: number;
  readonly ok: number;
  readonly versions: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

const CLIENT = fileURLToPath(new URL('shop-client.ts', import.meta.url));

export class Load {
  readonly #process: HostProcess;
  readonly #waiting: ((tally: Tally) => void)[] = [];

  constructor(lab: TestLab, url: string, requestsPerSecond: number) {
    this.#process = lab.spawn('shop', [process.execPath, CLIENT, url, String(requestsPerSecond)]);
    createInterface({ input: this.#process.child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.(JSON.parse(line) as Tally);
    });
  }

  /** What happened since the last take. */
  async take(): Promise<Tally> {
    return this.#ask('take');
  }

  /** Lets requests under way finish and ends; what happened since the last take. */
  async stop(): Promise<Tally> {
    return this.#ask('stop');
  }

  async #ask(command: string): Promise<Tally> {
    const answer = new Promise<Tally>((resolve, reject) => {
      this.#waiting.push(resolve);
      void this.#process.ended.then(
        (outcome) => reject(new Error(`the shop program ended: ${outcome.stderr}`)),
        reject,
      );
    });
    this.#process.write(`${command}\n`);
    return answer;
  }
}

export function lostOf(...tallies: readonly Tally[]): number {
  return tallies.reduce((sum, tally) => sum + tally.sent - tally.ok, 0);
}

export function sentOf(...tallies: readonly Tally[]): number {
  return tallies.reduce((sum, tally) => sum + tally.sent, 0);
}

/** `0 of 812 lost`, with the reasons if any. */
export function describeLoss(...tallies: readonly Tally[]): string {
  const reasons = tallies.flatMap((tally) => Object.entries(tally.lost).map(([reason, n]) => `${n}x ${reason}`));
  return `${lostOf(...tallies)} of ${sentOf(...tallies)} lost${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`;
}

/** `v1 90 %, v2 10 % of 600`. */
export function describeShares(tally: Tally): string {
  const shares = Object.entries(tally.versions)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([version, n]) => `${version} ${((100 * n) / tally.ok).toFixed(1)} %`);
  return `${shares.join(', ')} of ${tally.ok} answers`;
}

export function shareOf(tally: Tally, version: string): number {
  return tally.ok === 0 ? 0 : (tally.versions[version] ?? 0) / tally.ok;
}
