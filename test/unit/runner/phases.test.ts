import t from 'tap';
import { groupPhases, PHASES, type Phase } from '../../runner/phases.ts';

const command = (name: string): Phase => ({ type: 'command', name, command: ['true'] });
const files = (name: string, beside: string | null): Phase => {
  return { type: 'files', name, path: `test/${name}`, parallel: false, beside, needsRoot: false, timeoutSeconds: 1 };
};
const names = (groups: readonly (readonly Phase[])[]): string[] =>
  groups.map((group) => group.map(({ name }) => name).join('+'));

const CASES: readonly (readonly [string, readonly Phase[], number, readonly string[]])[] = [
  ['one after the other', [command('types'), files('unit', null), files('wire', null)], 2, ['types', 'unit', 'wire']],
  ['one beside another', [files('nats', null), files('network', 'nats')], 2, ['nats+network']],
  ['two beside one', [files('a', null), files('b', 'a'), files('c', 'a'), files('d', null)], 2, ['a+b+c', 'd']],
  ['one job', [files('nats', null), files('network', 'nats')], 1, ['nats', 'network']],
  ['the other was not chosen', [files('unit', null), files('network', 'nats')], 2, ['unit', 'network']],
  ['alone', [files('network', 'nats')], 4, ['network']],
  ['nothing', [], 2, []],
];

for (const [title, phases, jobs, wanted] of CASES) {
  t.test(title, async (t) => t.same(names(groupPhases(phases, jobs)), wanted));
}

t.test('network tests run beside those of NATS, and what measures memory and latency runs alone', async (t) => {
  const groups = names(groupPhases(PHASES, 2));
  t.ok(groups.includes('nats+network'), groups.join(' '));
  t.ok(groups.includes('conformance'));
  t.equal(groups.join('+').split('+').length, PHASES.length, 'every phase runs once');
});
