/** The command line of `npm run bench:control`. Pure. */
import { parseArgs } from 'node:util';
import { UsageError } from '../options.ts';

export const HELP = `Usage: npm run bench:control -- [options]

Measures control with the control links of real agents (no data threads): how long a change takes until the last agent that uses the
service has acknowledged it, what control and the agents pay, how a fleet that comes back settles, and what grows with the number of services.
Needs nats-server and nothing else; everything listens on loopback.

  --quick         60 agents, 200 services, 2,000 endpoints, 60 changes: half a minute instead of about three
  --agents N      control links (default 300)
  --services N    Services (default 1000)
  --endpoints N   registered workloads (default 10000)
  --changes N     measured changes (default 300)
  --only A,B      only these parts: compile, growth, fleet
  --nats PROGRAM  the server to run (default nats-server; .tools/bin/nats-server-current is the one of the cluster tests)
  --json FILE     write the results to FILE as JSON
  --check         exit status 1 when a target is missed
  --help          this text

Exit status: 0 measured, 1 something could not be measured (or a target was missed, with --check), 2 wrong usage.
`;

const PARTS = ['compile', 'growth', 'fleet'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly agents: number;
  readonly services: number;
  readonly endpoints: number;
  readonly changes: number;
  /** Of the growth rows. */
  readonly sizes: readonly number[];
  readonly natsProgram: string;
  readonly jsonFile: string | null;
  readonly check: boolean;
}

/** @returns null when only the help is wanted. @throws UsageError */
export function parseOptions(args: readonly string[]): Options | null {
  const values = parse(args);
  if (values.help) return null;
  const quick = values.quick;
  return {
    parts: chooseParts(values.only),
    agents: wholeNumber('--agents', values.agents, quick ? 60 : 300),
    services: wholeNumber('--services', values.services, quick ? 200 : 1_000),
    endpoints: wholeNumber('--endpoints', values.endpoints, quick ? 2_000 : 10_000),
    changes: wholeNumber('--changes', values.changes, quick ? 60 : 300),
    sizes: [10, 100, 1_000, 10_000],
    natsProgram: values.nats,
    jsonFile: values.json ?? null,
    check: values.check,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        agents: { type: 'string' },
        services: { type: 'string' },
        endpoints: { type: 'string' },
        changes: { type: 'string' },
        only: { type: 'string' },
        nats: { type: 'string', default: 'nats-server' },
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function chooseParts(names: string | undefined): readonly Part[] {
  if (names === undefined) return PARTS;
  return names.split(',').map((name) => {
    const part = PARTS.find((known) => known === name);
    if (part !== undefined) return part;
    throw new UsageError(`--only: there is no part "${name}"; there are ${PARTS.join(', ')}`);
  });
}

function wholeNumber(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100_000) return value;
  throw new UsageError(`${option} needs a whole number from 1 to 100000, not "${text}"`);
}
