/** The header modifier tests, which are alike for requests, answers and backends. */
import { type RequestCase, request } from '../case-types.ts';
import { rules } from '../text.ts';

type Direction = 'request' | 'response';

const EDITS: readonly (readonly [prefix: string, edits: string])[] = [
  ['/set', 'set: [{ name: X-Header-Set, value: set-overwrites-values }]'],
  ['/add', 'add: [{ name: X-Header-Add, value: add-appends-values }]'],
  ['/remove', 'remove: [X-Header-Remove]'],
  [
    '/multiple',
    'set: [{ name: X-Header-Set-1, value: header-set-1 }, { name: X-Header-Set-2, value: header-set-2 }], add: [{ name: X-Header-Add-1, value: header-add-1 }, { name: X-Header-Add-2, value: header-add-2 }, { name: X-Header-Add-3, value: header-add-3 }], remove: [X-Header-Remove-1, X-Header-Remove-2]',
  ],
  [
    '/case-insensitivity',
    'set: [{ name: X-Header-Set, value: header-set }], add: [{ name: X-Header-Add, value: header-add }, { name: x-lowercase-add, value: lowercase-add }, { name: x-Mixedcase-ADD-1, value: mixedcase-add-1 }], remove: [X-Header-Remove]',
  ],
];

/** One rule for each table, with the modifier at the rule or at its backend. */
export function headerRules(direction: Direction, level: 'rule' | 'backend', backend: string): string {
  const [type, member] =
    direction === 'request'
      ? ['RequestHeaderModifier', 'requestHeaderModifier']
      : ['ResponseHeaderModifier', 'responseHeaderModifier'];
  return rules(
    ...EDITS.map(([prefix, edits]) => {
      const filters = `filters: [{ type: ${type}, ${member}: { ${edits} } }]`;
      const [atRule, atBackend] = level === 'rule' ? [`${filters}, `, ''] : ['', `, ${filters}`];
      return `{ matches: [{ path: { type: PathPrefix, value: ${prefix} } }], ${atRule}backendRefs: [{ name: ${backend}, port: 8080${atBackend} }] }`;
    }),
  );
}

interface Table {
  readonly name: string;
  readonly path: string;
  readonly given: Readonly<Record<string, string>>;
  readonly wanted: Readonly<Record<string, string>>;
  readonly absent?: readonly string[];
}

const TABLES: readonly Table[] = [
  {
    name: 'set a header',
    path: '/set',
    given: { 'Some-Other-Header': 'val' },
    wanted: { 'some-other-header': 'val', 'x-header-set': 'set-overwrites-values' },
  },
  {
    name: 'set one that is there',
    path: '/set',
    given: { 'Some-Other-Header': 'val', 'X-Header-Set': 'some-other-value' },
    wanted: { 'some-other-header': 'val', 'x-header-set': 'set-overwrites-values' },
  },
  {
    name: 'add a header',
    path: '/add',
    given: { 'Some-Other-Header': 'val' },
    wanted: { 'some-other-header': 'val', 'x-header-add': 'add-appends-values' },
  },
  {
    name: 'add to one that is there',
    path: '/add',
    given: { 'Some-Other-Header': 'val', 'X-Header-Add': 'some-other-value' },
    wanted: { 'some-other-header': 'val', 'x-header-add': 'some-other-value,add-appends-values' },
  },
  {
    name: 'remove a header',
    path: '/remove',
    given: { 'X-Header-Remove': 'val' },
    wanted: {},
    absent: ['x-header-remove'],
  },
  {
    name: 'several at once',
    path: '/multiple',
    given: {
      'X-Header-Set-2': 'set-val-2',
      'X-Header-Add-2': 'add-val-2',
      'X-Header-Remove-1': 'val',
      'X-Header-Remove-2': 'remove-val-2',
      'Another-Header': 'another-header-val',
    },
    wanted: {
      'x-header-set-1': 'header-set-1',
      'x-header-set-2': 'header-set-2',
      'x-header-add-1': 'header-add-1',
      'x-header-add-2': 'add-val-2,header-add-2',
      'x-header-add-3': 'header-add-3',
      'another-header': 'another-header-val',
    },
    absent: ['x-header-remove-1', 'x-header-remove-2'],
  },
  {
    name: 'case does not count',
    path: '/case-insensitivity',
    given: {
      'x-header-set': 'original-val-set',
      'x-header-add': 'original-val-add',
      'x-header-remove': 'original-val-remove',
      'Another-Header': 'another-header-val',
    },
    wanted: {
      'x-header-set': 'header-set',
      'x-header-add': 'original-val-add,header-add',
      'x-lowercase-add': 'lowercase-add',
      'x-mixedcase-add-1': 'mixedcase-add-1',
      'another-header': 'another-header-val',
    },
    absent: ['x-header-remove'],
  },
];

export function headerCases(direction: Direction, to: string, backend = 'echo-v1'): RequestCase[] {
  return TABLES.map(({ name, path, given, wanted, absent = [] }) => {
    if (direction === 'request')
      return request(name, to, path, { backend, seen: { path, headers: wanted, absent } }, { headers: given });
    const headers = Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, [value]]));
    return request(name, to, path, { backend, headers, absent }, { answerWith: given });
  });
}
