/**
 * Run inside a host: applies a route again and again over the subjects that `towpath apply` uses, each change as soon as the
 * one before is admitted, and waits until every agent runs the last. Prints `{epoch, gen, total, missing, rejected, ...}`.
 *
 *     node change-route.ts NATS_URL CHANGES WAIT_EVERY < template
 *
 * `@N@` in the template becomes the number of the change. Every WAIT_EVERY changes all agents are waited for.
 */
import { readFileSync } from 'node:fs';
import { progressSchema } from '../../../../src/contract/messages.ts';
import { ERROR_CODE_HEADER } from '../../../../src/contract/micro.ts';
import { connectOnce } from '../../../../src/contract/open-bus.ts';
import { subjectsOf } from '../../../../src/contract/subjects.ts';

const [url = '', changes = '1', waitEvery = '1'] = process.argv.slice(2);
const template = readFileSync(0, 'utf8');
const subjects = subjectsOf('default');
const bus = await connectOnce(
  { servers: [url], name: 'test', inboxId: 'change-route', credentialsFile: null, allowOpen: true, reads: 'leader' },
  2_000,
);

async function apply(text: string): Promise<{ epoch: number; gen: number }> {
  const reply = await bus.request(subjects.control('resource', 'apply'), text, 5_000);
  if (reply.header(ERROR_CODE_HEADER) !== '') throw new Error(reply.text());
  return JSON.parse(reply.text());
}

async function wait({ epoch, gen }: { epoch: number; gen: number }) {
  const body = JSON.stringify({ epoch, gen, timeoutMs: 10_000 });
  const reply = await bus.request(subjects.control('change', 'wait'), body, 15_000);
  return progressSchema.parse(JSON.parse(reply.text()));
}

const started = performance.now();
let last = { epoch: 0, gen: 0 };
for (let i = 1; i <= Number(changes); i++) {
  last = await apply(template.replaceAll('@N@', String(i)));
  if (i % Number(waitEvery) === 0) await wait(last);
}
const admittedMs = Math.round(performance.now() - started);
const progress = await wait(last);
process.stdout.write(
  `${JSON.stringify({ ...progress, admittedMs, waitedMs: Math.round(performance.now() - started) - admittedMs })}\n`,
);
await bus.close();
