import type { TelemetryRules } from '../../contract/telemetry-rules.ts';
import type { Exemplars } from '../../telemetry/exemplars.ts';
import type { AgentOptions } from '../agent-options.ts';
import type { DataThreads } from '../data-threads.ts';
import { AgentRecords } from './agent-records.ts';

/** Records are read from now on, and made as the settings want. What data threads say last is read after they have ended. */
export async function startRecords(
  { config, version }: AgentOptions,
  threads: Pick<DataThreads, 'records' | 'post' | 'stop'>,
  exemplars: Exemplars,
  undo: AsyncDisposableStack,
): Promise<AgentRecords> {
  const workloads = config.workloads.map(({ namespace, name }) => `${namespace}/${name}`);
  const source = { host: config.host, version, workloads };
  const post = (rules: TelemetryRules): Promise<void> => threads.post({ type: 'telemetry', rules });
  const made = new AgentRecords(source, config, threads.records, exemplars, post);
  const records = undo.adopt(made, (one) => one.stop());
  undo.defer(() => threads.stop());
  await post(records.rules);
  return records;
}
