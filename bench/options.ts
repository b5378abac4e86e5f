/** The command line of `npm run bench`. Pure. */
import { parseArgs } from 'node:util';
import { ROWS, type Row } from './rows.ts';
import { PROXIES, type ProxyName } from './subjects/subject.ts';

const PEERS = PROXIES.filter((name) => name !== 'towpath');

export const HELP = `Usage: npm run bench -- [options]

Compares the CPU that Towpath spends for each request with that of other proxies doing the same work in the same run.
Needs root: everything happens in a network namespace of its own, which is removed at the end.

  --quick          3 pairs of 1 s slices instead of 10 of 3 s, peers without a target in a row only in its first pair;
                   ends within 15 minutes, instead of about 90
  --rows A,B       only these rows (${ROWS.map((row) => row.name).join(', ')})
  --peers A,B      compare with only these (${PEERS.join(', ')})
  --pairs N        measure each row N times, each time in the order A B B A
  --seconds N      length of one slice
  --json FILE      write the results to FILE as JSON
  --check          exit status 1 when a target is missed (bench/targets.ts)
  --no-pin         let the kernel place all processes (default: the proxy has the last core for itself)
  --help           this text

Exit status: 0 measured, 1 something could not be measured (or a target was missed, with --check), 2 wrong usage.
How to read the numbers: bench/README.md

Examples:
  npm run bench -- --quick
  npm run bench -- --rows h1-keepalive,tcp-bulk --pairs 5 --json results.json
  npm run bench -- --rows h2-multiplexed --peers haproxy,nghttpx
`;

export interface Options {
  readonly rows: readonly Row[];
  readonly peers: readonly ProxyName[];
  /** Times that each row is measured, in A B B A order. */
  readonly pairs: number;
  /** Whole seconds: wrk takes no others. */
  readonly sliceSeconds: number;
  readonly quick: boolean;
  readonly jsonFile: string | null;
  readonly check: boolean;
  readonly pin: boolean;
}

/** A command line that makes no sense; the message is one sentence. */
export class UsageError extends Error {}

/** @returns null when only the help is wanted. @throws UsageError */
export function parseOptions(args: readonly string[]): Options | null {
  const { values } = parse(args);
  if (values.help) return null;
  return {
    rows: chooseRows(values.rows),
    peers: choosePeers(values.peers),
    quick: values.quick,
    pairs: wholeNumber('--pairs', values.pairs, values.quick ? 3 : 10),
    sliceSeconds: wholeNumber('--seconds', values.seconds, values.quick ? 1 : 3),
    jsonFile: values.json ?? null,
    check: values.check,
    pin: !values['no-pin'],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        rows: { type: 'string' },
        peers: { type: 'string' },
        pairs: { type: 'string' },
        seconds: { type: 'string' },
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        'no-pin': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function chooseRows(names: string | undefined): readonly Row[] {
  if (names === undefined) return ROWS;
  return names.split(',').map((name) => {
    const row = ROWS.find((known) => known.name === name);
    if (row !== undefined) return row;
    throw new UsageError(`--rows: there is no row "${name}"; there are ${ROWS.map((known) => known.name).join(', ')}`);
  });
}

function choosePeers(names: string | undefined): readonly ProxyName[] {
  if (names === undefined) return PEERS;
  return names.split(',').map((name) => {
    const peer = PEERS.find((known) => known === name);
    if (peer !== undefined) return peer;
    throw new UsageError(`--peers: there is no peer "${name}"; there are ${PEERS.join(', ')}`);
  });
}

function wholeNumber(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new UsageError(`${option} needs a whole number from 1 to 1000, not "${text}"`);
}
