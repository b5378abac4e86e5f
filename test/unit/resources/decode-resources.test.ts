import { readFileSync } from 'node:fs';
import t from 'tap';
import { CODES } from '../../../src/resources/codes.ts';
import { decodeResources, KINDS } from '../../../src/resources/index.ts';
import { route, service, workload } from './world.ts';

function problems(text: string, source = 'f.yaml'): string[] {
  const decoded = decodeResources(text, source);
  return decoded.ok ? [] : decoded.error.map((p) => `${p.code} ${p.path}: ${p.message}`);
}

function titles(text: string): string[] {
  const decoded = decodeResources(text, 'f.yaml');
  return decoded.ok ? decoded.value.map((r) => `${r.kind} ${r.metadata.name}`) : decoded.error.map((p) => p.message);
}

const yaml = `
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: w1, namespace: shop}
spec: {address: 10.0.0.1, labels: {app: orders}}
`;

t.test('several documents, JSON, and Lists as kubectl prints them', async (t) => {
  t.same(titles(yaml), ['Service orders', 'WorkloadEntry w1']);
  t.same(titles(JSON.stringify(service('orders'))), ['Service orders']);
  const list = { apiVersion: 'v1', kind: 'List', metadata: {}, items: [service('a'), workload('b'), route('c', [{}])] };
  t.same(titles(JSON.stringify(list)), ['Service a', 'WorkloadEntry b', 'HTTPRoute c']);
  t.same(titles(''), []);
});

t.test('all problems of all documents come at once, each with its source and place', async (t) => {
  const text = `${yaml}---\nkind: Service\nmetadata: {name: x}\nspec: {prots: []}\n---\nkind: Pod\n---\n- 1\n`;
  t.same(problems(text), [
    'TWP0106 f.yaml: Service default/x: apiVersion: this field is required ("v1")',
    'TWP0106 f.yaml: Service default/x: spec.ports: this field is required (an array)',
    'TWP0106 f.yaml: Service default/x: spec.prots: unknown field; did you mean "ports"?',
    'TWP1003 f.yaml: document 4: Pod: kind: the kind "Pod" is not supported: programs are registered by the agents of their hosts (workloads in the agent file); leave it out',
    `TWP0106 f.yaml: document 5: kind: a resource needs a kind (${KINDS.join(', ')})`,
  ]);
});

t.test('bad text is told with its line, and nothing of it is used', async (t) => {
  t.match(problems(`${yaml}---\na: [`)[0], /^TWP1001 f\.yaml: line 1\d:\d+: /);
  t.match(problems('a: [', '')[0], /^TWP1001 line 1:\d/);
});

t.test('a resource may appear only once', async (t) => {
  t.same(problems(`${yaml}---${yaml}`), [
    'TWP1004 f.yaml: Service shop/orders: this resource appears more than once',
    'TWP1004 f.yaml: WorkloadEntry shop/w1: this resource appears more than once',
  ]);
});

t.test('every example of the resource guide is accepted, and together they mean something', async (t) => {
  const guide = readFileSync(new URL('../../../docs/resources.md', import.meta.url), 'utf8');
  const examples = [...guide.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text ?? '');
  t.equal(examples.length, 14);
  t.same(problems(examples.join('---\n')), []);
  const known = Object.values(CODES).filter((code) => !guide.includes(`| ${code} |`));
  t.same(known, [], 'and the guide explains every code');
});

t.test('a text whose regular expressions would take seconds to compile is refused at once', async (t) => {
  const routes = (count: number): string =>
    Array.from({ length: count }, (_, r) => {
      const matches = Array.from({ length: 64 }, (_, i) => ({
        headers: [{ type: 'RegularExpression', name: 'x', value: `(a{30}){30}${i}` }],
      }));
      return JSON.stringify(route(`r${r}`, [{ matches }]));
    }).join('\n---\n');
  t.same(problems(routes(2)), []);
  // As JSON may spell it.
  const hidden = routes(17).replaceAll('"RegularExpression"', '"\\u0052egularExpression"');
  for (const text of [routes(17), hidden])
    t.same(problems(text), ['TWP1002 f.yaml: more than 1024 regular expressions in one text']);
});
