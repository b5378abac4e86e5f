/**
 * Forwards a head: its bytes as they came (order, case, spacing), without the lines that concern one hop only, with the
 * route's edits and our own lines. Runs of untouched lines are copied at once; with nothing to change it is one copy.
 */
import type { Inserted } from '../http2/hpack-inserted.ts';
import { newTarget } from '../new-target.ts';
import { CUT, decideFates, EDIT, fates, KEEP, placeEdit, REWRITE_HOST } from './decide-fates.ts';
import type { CompiledEdits, HeaderEdit } from './header-edits.ts';
import {
  FIELD_CONNECTION,
  FIELD_UPGRADE,
  type Http1Head,
  OPTION_CLOSE,
  OPTION_KEEP_ALIVE,
  OPTION_TE,
  OPTION_UPGRADE,
} from './http1-head.ts';
import { endLine, lineBytes, putLines } from './inserted-lines.ts';
import { sameLetters } from './nominated.ts';

export { type CompiledEdits, compileHeaderEdits } from './header-edits.ts';
export { NO_FIELDS } from './inserted-lines.ts';

/** What our Connection header says; 'none': there is no such line. 'upgrade' also forwards the Upgrade line (`head.upgrade`). */
export type ConnectionWord = 'none' | 'close' | 'keep-alive' | 'upgrade';

export interface HeadPlan {
  readonly connection: ConnectionWord;
  readonly edits: CompiledEdits | null;
  /** Put after the last field. */
  readonly insert: readonly Inserted[];
}

const CONNECTION_BITS: Readonly<Record<ConnectionWord, number>> = {
  none: 0,
  close: OPTION_CLOSE,
  'keep-alive': OPTION_KEEP_ALIVE,
  upgrade: OPTION_UPGRADE,
};
const CONNECTION_LINES: Readonly<Record<number, string>> = {
  [OPTION_CLOSE]: 'Connection: close\r\n',
  [OPTION_KEEP_ALIVE]: 'Connection: keep-alive\r\n',
  [OPTION_UPGRADE]: 'Connection: Upgrade\r\n',
  [OPTION_TE]: 'Connection: TE\r\n',
  [OPTION_TE | OPTION_CLOSE]: 'Connection: close, TE\r\n',
  [OPTION_TE | OPTION_KEEP_ALIVE]: 'Connection: keep-alive, TE\r\n',
  [OPTION_TE | OPTION_UPGRADE]: 'Connection: Upgrade, TE\r\n',
};
/** At least what our Connection line, Upgrade line and a rewritten Host add, without the authority itself. */
const OWN_LINES = 128;
const NO_EDITS: readonly HeaderEdit[] = [];
const isPlaced = new Uint8Array(256);

/**
 * Writes the head parsed last into `head`, to be sent on, at `outAt`; the place must not overlap it. Returns bytes
 * written, or -1 when `outCapacity` may be too small (the head, the insert, the edits and 128 bytes always suffice).
 */
export function writeHead(bytes: Buffer, head: Http1Head, outAt: number, outCapacity: number, plan: HeadPlan): number {
  const { startAt, endAt } = head;
  const host = head.absoluteForm && mustRewriteHost(bytes, head);
  const most = endAt - startAt + lineBytes(plan.insert) + OWN_LINES + (plan.edits === null ? 0 : plan.edits.maxBytes);
  if (most + (host ? head.authorityLength : 0) > outCapacity) return -1;
  const connection = CONNECTION_BITS[plan.connection] | (head.connectionOptions & OPTION_TE);
  if (head.hopFields === 0 && connection === 0 && plan.edits === null && !head.cutFraming && !host) {
    if (plan.insert.length > 0) return finish(bytes, outAt, copy(bytes, startAt, endAt - 2, outAt), plan.insert);
    return copy(bytes, startAt, endAt, outAt) - outAt;
  }
  return writeChanged(bytes, head, outAt, plan, connection, host);
}

function writeChanged(
  bytes: Buffer,
  head: Http1Head,
  outAt: number,
  plan: HeadPlan,
  connection: number,
  rewritesHost: boolean,
): number {
  const says = connection !== 0 && head.connectionOptions === connection;
  const connectionField = says ? onlyField(head, FIELD_CONNECTION) : -1;
  const upgradeField = plan.connection === 'upgrade' ? plainUpgradeField(head) : -1;
  const edits = plan.edits === null ? NO_EDITS : plan.edits.edits;
  decideFates(bytes, head, connectionField, upgradeField, rewritesHost);
  for (let i = 0; i < edits.length; i++) isPlaced[i] = placeEdit(bytes, head, edits[i] as HeaderEdit, i) ? 1 : 0;
  let out = copyLines(bytes, head, outAt, edits, newTarget(bytes, head, plan.edits));
  for (let i = 0; i < edits.length; i++) if (isPlaced[i] === 0) out = writeLine(bytes, out, edits[i] as HeaderEdit);
  if (connection !== 0 && connectionField < 0)
    out += bytes.write(CONNECTION_LINES[connection] as string, out, 'latin1');
  if (plan.connection === 'upgrade' && upgradeField < 0) {
    out += bytes.write('Upgrade: ', out, 'latin1');
    out = copy(bytes, head.upgradeAt, head.upgradeAt + head.upgradeLength, out);
    out += bytes.write('\r\n', out, 'latin1');
  }
  return finish(bytes, outAt, out, plan.insert);
}

/** The start line and every line that stays, in runs. Returns where the output ends. @param target another one, or null */
function copyLines(
  bytes: Buffer,
  head: Http1Head,
  outAt: number,
  edits: readonly HeaderEdit[],
  target: string | null,
): number {
  const last = head.endAt - 2;
  let out = outAt;
  let from = head.startAt;
  if (target !== null) {
    out = copy(bytes, from, head.targetAt, out);
    out += bytes.write(target, out, 'latin1');
    from = head.targetAt + head.targetLength;
  }
  for (let i = 0; i < head.fieldCount; i++) {
    const fate = fates[i] as number;
    if (fate === KEEP) continue;
    const next = i + 1 < head.fieldCount ? (head.nameAt[i + 1] as number) : last;
    if (fate === CUT) {
      out = copy(bytes, from, head.nameAt[i] as number, out);
    } else if (fate === REWRITE_HOST) {
      out = copy(bytes, from, head.valueAt[i] as number, out);
      out = copy(bytes, head.authorityAt, head.authorityAt + head.authorityLength, out);
      out += bytes.write('\r\n', out, 'latin1');
    } else {
      out = writeEdited(bytes, head, i, from, out, edits[fate - EDIT] as HeaderEdit);
    }
    from = next;
  }
  return copy(bytes, from, last, out);
}

/** The run up to this line's value, then the value as the edit makes it. */
function writeEdited(bytes: Buffer, head: Http1Head, i: number, from: number, at: number, edit: HeaderEdit): number {
  const valueAt = head.valueAt[i] as number;
  const valueLength = head.valueLength[i] as number;
  let out = copy(bytes, from, edit.replaces ? valueAt : valueAt + valueLength, at);
  if (!edit.replaces && valueLength > 0) out += bytes.write(',', out, 'latin1');
  out += bytes.write(edit.value as string, out, 'latin1');
  return out + bytes.write('\r\n', out, 'latin1');
}

function writeLine(bytes: Buffer, at: number, edit: HeaderEdit): number {
  if (edit.value === null) return at;
  return at + bytes.write(`${edit.name}: ${edit.value}\r\n`, at, 'latin1');
}

/** Our lines and the end of the head. Returns bytes written since `outAt`. */
function finish(bytes: Buffer, outAt: number, at: number, insert: readonly Inserted[]): number {
  return endLine(bytes, putLines(bytes, at, insert)) - outAt;
}

function copy(bytes: Buffer, from: number, to: number, out: number): number {
  bytes.copyWithin(out, from, to);
  return out + to - from;
}

/** RFC 9112 3.2.2: with a target in absolute form, Host is replaced by the target's authority. */
function mustRewriteHost(bytes: Uint8Array, head: Http1Head): boolean {
  if (head.hostField < 0) return false;
  const length = head.valueLength[head.hostField] as number;
  return (
    length !== head.authorityLength ||
    !sameLetters(bytes, head.valueAt[head.hostField] as number, head.authorityAt, length)
  );
}

/** Index of the field of that kind if there is exactly one, else -1. */
function onlyField(head: Http1Head, kind: number): number {
  let only = -1;
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.fieldKind[i] !== kind) continue;
    if (only >= 0) return -1;
    only = i;
  }
  return only;
}

/** Index of the Upgrade line if it offers the chosen token and nothing else, else -1. */
function plainUpgradeField(head: Http1Head): number {
  const index = onlyField(head, FIELD_UPGRADE);
  return index >= 0 && head.valueLength[index] === head.upgradeLength ? index : -1;
}
