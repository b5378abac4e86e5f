/** Findings as lines for people. Pure. */

import type { AnalyzeReply } from '../contract/operator-messages.ts';
import type { Finding } from '../resources/index.ts';
import type { CommandIo } from './command.ts';
import { type Colour, paint, plainLines } from './output.ts';

const LEVELS = { error: 'Error', warning: 'Warning', info: 'Info' } as const satisfies Record<Finding['level'], string>;
const COLOURS: Readonly<Record<Finding['level'], Colour>> = { error: 'red', warning: 'yellow', info: 'dim' };

/** As analysis or as control tells it. */
export type ToldFinding = Finding | AnalyzeReply['findings'][number];

/** `file.yaml: HTTPRoute shop/orders: spec.rules[0]` in its three parts, of which any may be missing. */
const PATH = /^(?:(.*?): )?([A-Z][A-Za-z]+ [a-z0-9-]+\/[a-z0-9.-]+)(?:: (.*))?$/s;

/** `Warning [TWP0131] (HTTPRoute shop/orders) spec.rules[1]: message`, one line each; the hints follow, each once. */
export function formatFindings(findings: readonly ToldFinding[], io: Pick<CommandIo, 'colour'>): string {
  const lines = findings.map((finding) => `${oneLine(finding, io)}\n`);
  const hints = [...new Set(findings.flatMap(({ hint }) => hint ?? []))];
  return [...lines, ...hints.map((hint) => `${paint(io, 'yellow', 'hint:')} ${plainLines(hint)}\n`)].join('');
}

function oneLine({ level, code, path = '', message }: ToldFinding, io: Pick<CommandIo, 'colour'>): string {
  const [, file, title, field] = PATH.exec(path) ?? [undefined, path, undefined, undefined];
  const place = [file, field].filter((part) => part !== undefined && part !== '').join(': ');
  const words = [
    paint(io, COLOURS[level], LEVELS[level]),
    `[${code}]`,
    ...(title === undefined ? [] : [`(${title})`]),
    `${place === '' ? '' : `${place}: `}${message}`,
  ];
  return plainLines(words.slice(1).join(' ').replaceAll('\n', ' ')).replace(/^/, `${words[0]} `);
}
