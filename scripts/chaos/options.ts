/** The command line of `npm run chaos`. Pure. */
import { parseArgs } from 'node:util';

/** In the order in which they run. `single`: one nats-server of Debian's and one control; `cluster`: three current servers, two controls. */
export const SCENARIOS = [
  { name: 'routes', where: 'single', about: '1,000 route changes, as fast as 100 a second' },
  { name: 'scale', where: 'single', about: 'three endpoints become ten, and three again' },
  { name: 'restart-graceful', where: 'single', about: 'every nginx restarts, one after the other (SIGQUIT)' },
  { name: 'restart-kill', where: 'single', about: 'every nginx is killed (SIGKILL) and started again' },
  { name: 'restart-agents', where: 'single', about: "every endpoint's agent restarts (SIGTERM)" },
  { name: 'control', where: 'single', about: 'control is killed and started again, under changes' },
  { name: 'nats', where: 'single', about: 'nats-server is killed, and started again after the outage' },
  { name: 'wipe', where: 'single', about: 'the store is lost with control away, and restored from a backup' },
  {
    name: 'node',
    where: 'cluster',
    about: 'nodes of a NATS cluster of three are killed, one at a time, under changes',
  },
  { name: 'controls', where: 'cluster', about: 'two controls race for the lock, and the one that leads is killed' },
] as const;

export type Where = (typeof SCENARIOS)[number]['where'];
export type ScenarioName = (typeof SCENARIOS)[number]['name'];

export const HELP = `Usage: npm run chaos -- [options]

Unmodified programs in labs of network namespaces: nginx on hosts with agents, and a caller that asks at a fixed rate, whatever becomes of the
requests before (open loop). Under that load things change and break. A request is lost when it is not answered with 200 and the right body
within 10 s. Needs root.

  --scenarios A,B  only these:
${SCENARIOS.map(({ name, about }) => `                     ${name.padEnd(17)} ${about}`).join('\n')}
  --rate N         requests a second (default 200)
  --outage TIME    how long NATS stays away: 10s, 2m (default 60s)
  --quick          200 changes, an outage of 10 s, less of everything: below 4 minutes instead of below 15
  --keep           leave the labs up (bin/towpath lab down --name chaos-single, chaos-cluster)
  --help           this text

Exit status: 0 nothing was lost, 1 something was, or a scenario did not do what it should, 2 wrong usage.

Examples:
  npm run chaos
  npm run chaos -- --quick
  npm run chaos -- --scenarios nats,wipe --outage 3m --rate 500
  npm run chaos -- --scenarios controls --keep
`;

export interface Options {
  readonly scenarios: readonly ScenarioName[];
  /** Requests a second. */
  readonly rate: number;
  readonly outageMs: number;
  readonly quick: boolean;
  readonly keep: boolean;
}

/** A command line that makes no sense; the message is one sentence. */
export class UsageError extends Error {}

/** @returns null when only the help is wanted. @throws UsageError */
export function parseOptions(args: readonly string[]): Options | null {
  const values = parse(args);
  if (values.help) return null;
  return {
    scenarios: chooseScenarios(values.scenarios),
    rate: parseRate(values.rate),
    outageMs: parseTime(values.outage ?? (values.quick ? '10s' : '60s')),
    quick: values.quick,
    keep: values.keep,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenarios: { type: 'string' },
        rate: { type: 'string', default: '200' },
        outage: { type: 'string' },
        quick: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** In the order of the table, whatever the order given. */
function chooseScenarios(names: string | undefined): readonly ScenarioName[] {
  const known = SCENARIOS.map(({ name }) => name);
  if (names === undefined) return known;
  const wanted = names.split(',');
  const stranger = wanted.find((name) => !known.some((one) => one === name));
  if (stranger !== undefined) {
    throw new UsageError(`--scenarios: there is no scenario "${stranger}"; there are ${known.join(', ')}`);
  }
  return known.filter((name) => wanted.includes(name));
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (Number.isInteger(rate) && rate >= 1 && rate <= 5_000) return rate;
  throw new UsageError(`--rate needs a whole number from 1 to 5000, not "${text}"`);
}

function parseTime(text: string): number {
  const match = /^(\d{1,4})(s|m)$/.exec(text);
  const seconds = Number(match?.[1]) * (match?.[2] === 'm' ? 60 : 1);
  if (seconds >= 1 && seconds <= 3_600) return seconds * 1_000;
  throw new UsageError(`--outage needs a time from 1s to 60m, such as 60s or 2m, not "${text}"`);
}
