/** The CORS filter of a rule at work: what it makes of a request, and of the answer to it. */
import type { CorsView, HeaderEditView, NameValue } from '../contract/route-views.ts';
import { findField } from './codec/find-field.ts';
import { constantBytes, equalsExact } from './codec/http1/bytes.ts';
import { type CompiledEdits, compileHeaderEdits } from './codec/http1/header-edits.ts';
import type { MessageHead } from './codec/message-head.ts';
import { editFields, field, NOTHING, type OwnContent } from './own-content.ts';
import { allowsOrigin, answerEdits, type CompiledCors, compileCors, preflightFields } from './policy/cors.ts';

/** Origins whose edits are kept. */
const MAX_KNOWN = 64;
const OPTIONS = constantBytes('OPTIONS');

export class CorsRule {
  readonly #cors: CompiledCors;
  readonly #levels: readonly (HeaderEditView | null)[];
  readonly #ownEdits: CompiledEdits | null;
  readonly #known = new Map<string, CompiledEdits>();

  /** @param levels what the rule, then the backend, changes in answers */
  constructor(view: CorsView, levels: readonly (HeaderEditView | null)[]) {
    this.#cors = compileCors(view);
    this.#levels = levels;
    this.#ownEdits = compileHeaderEdits(...levels);
  }

  /** All edits of the final answer to the request with that head. */
  editsFor(head: MessageHead, bytes: Buffer): CompiledEdits | null {
    const named = textOf(bytes, head, 'origin');
    // All that are not let in share one entry: they must not push the others out.
    const origin = allowsOrigin(this.#cors, named) ? named : '';
    const known = this.#known.get(origin);
    if (known !== undefined) return known;
    const edits = compileHeaderEdits(...this.#levels, answerEdits(this.#cors, origin));
    if (this.#known.size === MAX_KNOWN) this.#known.clear();
    if (edits !== null) this.#known.set(origin, edits);
    return edits;
  }

  /** An answer of ours to that request, with the same edits. */
  edited(content: OwnContent, head: MessageHead, bytes: Buffer): OwnContent {
    const edits = compileHeaderEdits(answerEdits(this.#cors, textOf(bytes, head, 'origin')));
    return { fields: editFields(content.fields, edits), body: content.body };
  }

  /** The answer to a preflight (Fetch standard 3.2.2); null: the request is none. */
  preflight(head: MessageHead, bytes: Buffer): OwnContent | null {
    if (!equalsExact(bytes, head.methodAt, head.methodLength, OPTIONS)) return null;
    const origin = textOf(bytes, head, 'origin');
    const method = textOf(bytes, head, 'access-control-request-method');
    if (origin === '' || method === '') return null;
    const headers = textOf(bytes, head, 'access-control-request-headers');
    const told = preflightFields(this.#cors, origin, method, headers);
    return { fields: editFields(told.map(toField), this.#ownEdits), body: NOTHING };
  }
}

function toField({ name, value }: NameValue): OwnContent['fields'][0] {
  return field(name, value);
}

/** '' = there is no such field. */
function textOf(bytes: Buffer, head: MessageHead, lowerName: string): string {
  const i = findField(bytes, head, lowerName);
  return i < 0 ? '' : bytes.toString('latin1', head.valueAt[i], head.valueAt[i] + head.valueLength[i]);
}
