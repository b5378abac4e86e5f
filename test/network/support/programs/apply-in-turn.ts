/**
 * Run inside a host: applies resources over the subject that `towpath apply` uses, each at its time (ms since 1970; at once when that is over), and prints
 * when each was asked for. Standard input: JSON [{at, text}].
 *
 *     node apply-in-turn.ts NATS_URL < steps.json
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ERROR_CODE_HEADER } from '../../../../src/contract/micro.ts';
import { connectOnce } from '../../../../src/contract/open-bus.ts';
import { subjectsOf } from '../../../../src/contract/subjects.ts';

const [url = ''] = process.argv.slice(2);
const steps = JSON.parse(readFileSync(0, 'utf8')) as { readonly at: number; readonly text: string }[];
const bus = await connectOnce(
  { servers: [url], name: 'test', inboxId: 'apply-in-turn', credentialsFile: null, reads: 'leader' },
  10_000,
);
const askedAt: number[] = [];
for (const { at, text } of steps) {
  await sleep(Math.max(0, at - Date.now()));
  askedAt.push(Date.now());
  const reply = await bus.request(subjectsOf('default').control('resource', 'apply'), text, 10_000);
  if (reply.header(ERROR_CODE_HEADER) !== '') throw new Error(reply.text());
}
process.stdout.write(`${JSON.stringify(askedAt)}\n`);
await bus.close();
