import t from 'tap';
import { ProcessMetrics } from '../../../src/telemetry/process-metrics.ts';
import { renderMetrics } from '../../../src/telemetry/render-metrics.ts';
import { parseExposition } from '../../helpers/parse-exposition.ts';

t.test('the process is measured in plausible numbers', async (t) => {
  const metrics = new ProcessMetrics('1.2.3');
  t.teardown(() => metrics.stop());
  await new Promise((resolve) => setTimeout(resolve, 60));
  const families = parseExposition(renderMetrics(metrics.collect()));
  const value = (name: string): number => Number(families.get(name)?.samples[0]?.value);
  t.strictSame(families.get('towpath_build_info')?.samples[0]?.labels, {
    version: '1.2.3',
    node: process.versions.node,
  });
  t.ok(value('towpath_process_cpu_seconds_total') > 0);
  t.ok(value('towpath_process_resident_memory_bytes') > 1e7);
  t.ok(value('towpath_process_open_fds') > 2);
  t.ok(Math.abs(value('towpath_start_time_seconds') - Date.now() / 1000) < 600);
});

t.test('a blocked event loop shows once, in the scrape after it', async (t) => {
  const metrics = new ProcessMetrics('1');
  t.teardown(() => metrics.stop());
  const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 40));
  const worst = (): number =>
    metrics.collect().findLast((s) => s.name === 'towpath_event_loop_delay_seconds')?.value ?? 0;
  await tick();
  const end = Date.now() + 300;
  while (Date.now() < end);
  await tick();
  t.ok(worst() >= 0.2, 'the block of 300 ms is seen');
  await tick();
  t.ok(worst() < 0.2, 'and forgotten after it was told');
});
