import t from 'tap';
import { type Group, groupPhases, PHASES, type Phase } from '../../runner/phases.ts';

const command = (name: string): Phase => ({ type: 'command', name, command: ['true'] });
const files = (name: string, lane: string | null): Phase => {
  return { type: 'files', name, path: `test/${name}`, parallel: false, lane, needsRoot: false, timeoutSeconds: 1 };
};
/** `a,b+c`: first a, then b, and beside both c. */
const names = (groups: readonly Group[]): string[] =>
  groups.map((lanes) => lanes.map((lane) => lane.map(({ name }) => name).join()).join('+'));
const nats = files('nats', 'a');
const intercept = files('intercept', 'a');
const network = files('network', 'b');
const unit = files('unit', null);

const CASES: readonly (readonly [string, readonly Phase[], number, readonly string[]])[] = [
  ['one after the other', [command('types'), unit, files('wire', null)], 2, ['types', 'unit', 'wire']],
  ['two lanes', [nats, network], 2, ['nats+network']],
  ['two in one lane', [unit, nats, intercept, network, command('x')], 2, ['unit', 'nats,intercept+network', 'x']],
  ['lanes with something between them', [nats, unit, network], 2, ['nats', 'unit', 'network']],
  ['one job', [nats, intercept, network], 1, ['nats', 'intercept', 'network']],
  ['the other lane was not chosen', [unit, network], 2, ['unit', 'network']],
  ['nothing', [], 2, []],
];

for (const [title, phases, jobs, wanted] of CASES) {
  t.test(title, async (t) => t.same(names(groupPhases(phases, jobs)), wanted));
}

t.test('what mostly waits runs side by side, and what measures memory and latency alone', async (t) => {
  const groups = names(groupPhases(PHASES, 2));
  t.ok(groups.includes('nats+intercept'), groups.join(' '));
  t.ok(groups.includes('network'));
  t.ok(groups.includes('conformance'));
  t.equal(groupPhases(PHASES, 2).flat(2).length, PHASES.length, 'every phase runs once');
});
