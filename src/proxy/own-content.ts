/** What an answer of ours says where a rule wants it so: a redirect, a direct response, a CORS preflight. */
import { constantBytes } from './codec/http1/bytes.ts';
import type { CompiledEdits } from './codec/http1/header-edits.ts';
import type { Inserted } from './codec/http2/hpack-encoder.ts';

export interface OwnContent {
  /** Names in lower case. Framing is added when it is written. */
  readonly fields: readonly Inserted[];
  readonly body: Uint8Array;
}

export const NOTHING = new Uint8Array(0);

/** A field of our own, in latin1; the name in lower case. */
export function field(name: string, value: string): Inserted {
  return { name: constantBytes(name), value: constantBytes(value) };
}

/** The fields as the edits of a route leave them. */
export function editFields(fields: readonly Inserted[], changes: CompiledEdits | null): readonly Inserted[] {
  if (changes === null) return fields;
  let edited = fields;
  for (const { lowerName, value, replaces } of changes.edits) {
    const old = edited.filter(({ name }) => Buffer.compare(name, lowerName) === 0);
    const others = edited.filter((one) => !old.includes(one));
    const last = old.at(-1);
    if (replaces) edited = value === null ? others : [...others, { name: lowerName, value: constantBytes(value) }];
    else if (value !== null && last !== undefined) edited = [...others, ...old.slice(0, -1), append(last, value)];
    else if (value !== null) edited = [...edited, { name: lowerName, value: constantBytes(value) }];
  }
  return edited;
}

function append({ name, value }: Inserted, more: string): Inserted {
  const comma = value.length === 0 ? '' : ',';
  return { name, value: new Uint8Array(Buffer.concat([value, constantBytes(comma + more)])) };
}

/** HTTP forbids a body to go with it, and a length to be told (RFC 9110 8.6, 15.4.5). */
export function isBodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** In words, for people. */
export function describeContent(status: number, { fields, body }: OwnContent): string {
  const location = fields.find(({ name }) => Buffer.from(name).equals(LOCATION));
  if (location !== undefined)
    return `the rule answers ${status} and leads to ${Buffer.from(location.value).toString('latin1')}`;
  return `the rule answers ${status} with a body of ${body.length} bytes`;
}

const LOCATION = Buffer.from('location');
