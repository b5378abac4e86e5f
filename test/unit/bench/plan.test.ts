import t from 'tap';
import { lengthOf, planSteps, type Schedule, type Step } from '../../../bench/measure/plan.ts';
import { ROWS, type Row } from '../../../bench/rows.ts';
import { SUBJECTS, type Subject, type SubjectName } from '../../../bench/subjects/subject.ts';

function subject(name: SubjectName): Subject {
  return {
    name,
    program: null,
    start: async () => undefined,
    stop: async () => undefined,
    pid: () => null,
    cannot: (work) => (name === 'nginx' && work === 'http2' ? 'it cannot' : null),
    variants: () => [{ label: 'way', address: '', port: 0, tls: false }],
    counts: async () => null,
  };
}

const SUBJECT_LIST = SUBJECTS.map(subject);
const ALL: Schedule = { pairs: 2, sliceSeconds: 3, judgedOnly: false };

function rows(...names: string[]): Row[] {
  return ROWS.filter(({ name }) => names.includes(name));
}

function order({ slices }: Step): string {
  return slices.map(({ contender }) => `${contender.subject.name}${contender.twin === 'b' ? "'" : ''}`).join(' ');
}

t.test('each pair is there and back, with the twin of Towpath in the middle', async (t) => {
  const [warmUp, again, first, second] = planSteps(rows('h1-keepalive'), SUBJECT_LIST, ALL);
  t.equal(warmUp && order(warmUp), 'towpath haproxy nginx nghttpx envoy none');
  t.equal(again && order(again), 'towpath', 'whose compiler has seen all rows by then');
  const there = 'towpath haproxy nginx nghttpx envoy';
  const back = there.split(' ').toReversed().join(' ');
  t.equal(first && order(first), `none ${there} towpath' towpath' ${back}`, 'one look without a proxy');
  t.equal(second && order(second), `${there} towpath' towpath' ${back}`);
});

t.test('a quick run repeats only what has a target', async (t) => {
  const plan = planSteps(rows('h1-keepalive', 'h2-multiplexed'), SUBJECT_LIST, { ...ALL, judgedOnly: true });
  const later = plan.filter(({ round }) => round === 1).map(order);
  t.match(later, [
    /^towpath haproxy envoy towpath' towpath' envoy haproxy towpath$/,
    /^towpath haproxy nghttpx envoy towpath' /,
  ]);
});

t.test('who cannot do the work has no slice', async (t) => {
  const plan = planSteps(rows('h2-single'), SUBJECT_LIST, ALL);
  t.notMatch(plan.map(order).join('\n'), /nginx/);
});

t.test('open loop is compared with no proxy in every pair, and takes twice as long', async (t) => {
  const [, , first, second] = planSteps(rows('latency-1k'), SUBJECT_LIST, ALL);
  t.match(first && order(first), /^towpath .* none towpath' towpath' none /);
  t.match(second && order(second), /none/);
  t.ok(second !== undefined && lengthOf(second) > 2 * 3 * second.slices.length);
});

t.test('rows take turns within a round', async (t) => {
  const plan = planSteps(rows('h1-keepalive', 'tcp-short'), SUBJECT_LIST, ALL);
  t.same(
    plan.map(({ row, round }) => `${row.name} ${round}`),
    [
      'h1-keepalive -2',
      'tcp-short -2',
      'h1-keepalive -1',
      'tcp-short -1',
      'h1-keepalive 0',
      'tcp-short 0',
      'h1-keepalive 1',
      'tcp-short 1',
    ],
  );
});
