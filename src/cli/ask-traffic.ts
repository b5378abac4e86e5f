/** What `towpath top` and `towpath graph` ask control: the traffic of the mesh in the last time. */
import { type MetricsQuery, type MetricsReply, metricsReplySchema } from '../contract/mesh-metrics.ts';
import { CONNECTION_OPTIONS, type ControlClient } from './ask-control.ts';
import type { CommandIo } from './command.ts';
import { parseDuration } from './parse-duration.ts';
import { wrongUsage } from './parse-words.ts';

export const TRAFFIC_OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  window: { type: 'string', default: '60s' },
  inbound: { type: 'boolean', default: false },
} as const;

export const TRAFFIC_HELP = `  -n, --namespace NAME  of SERVICE (default: default)
  --window TIME     rates over the last 5s to 5m (default: 60s), in steps of 5 s
  --inbound         as the agents of those that are called report it, by workload; shows callers without an agent too.
                    Default: as the agents of the callers report it
`;

interface TrafficValues {
  readonly namespace: string;
  readonly window: string;
  readonly inbound: boolean;
}

/** @param name of a service, with its namespace or without. Throws UserError (exit status 2). */
export function trafficQuery(command: string, values: TrafficValues, name: string | undefined): MetricsQuery {
  const windowSeconds = parseDuration(command, '--window', values.window) / 1000;
  if (!Number.isInteger(windowSeconds) || windowSeconds < 5 || windowSeconds > 300)
    throw wrongUsage(command, `--window must be from 5s to 5m, not ${values.window}`);
  const service = name === undefined || name.includes('/') ? name : `${values.namespace}/${name}`;
  const side = values.inbound ? 'inbound' : 'outbound';
  return { windowSeconds, side, watch: false, ...(service === undefined ? {} : { service }) };
}

export function askTraffic(client: ControlClient, query: MetricsQuery): Promise<MetricsReply> {
  return client.ask('metrics', 'query', JSON.stringify(query), metricsReplySchema);
}

/** What a reader must know beside the numbers: written to standard error. */
export function noteGaps({ hosts, truncated }: MetricsReply, io: Pick<CommandIo, 'err'>): void {
  if (hosts.silent > 0) io.err(`${hosts.silent} of ${hosts.silent + hosts.reporting} hosts have not reported lately\n`);
  if (truncated) io.err('there is more; name a service\n');
}
