/** Answers that rules give themselves: prepared with the view as far as they do not depend on the request. */
import type {
  DirectResponseView,
  RedirectView,
  RouteActionView,
  WeightedBackendView,
} from '../contract/route-views.ts';
import { type CompiledEdits, compileHeaderEdits } from './codec/http1/header-edits.ts';
import type { MessageHead } from './codec/message-head.ts';
import { editFields, field, NOTHING, type OwnContent } from './own-content.ts';
import { type CompiledRedirect, compileRedirect, type Listener, locationOf } from './policy/redirect.ts';

export type RuleAnswer =
  | { readonly type: 'redirect'; readonly redirect: CompiledRedirect; readonly edits: CompiledEdits | null }
  | { readonly type: 'direct'; readonly status: number; readonly content: OwnContent };

export interface GivenAnswer {
  readonly status: number;
  readonly content: OwnContent;
}

/** `edits`: what the rule changes in answers. */
export function compileAnswer(
  view: RouteActionView['answer'] | WeightedBackendView['answer'],
  edits: CompiledEdits | null,
): RuleAnswer | null {
  if (view === undefined) return null;
  return view.type === 'redirect' ? compileRedirection(view, edits) : compileDirect(view, edits);
}

function compileRedirection(view: RedirectView, edits: CompiledEdits | null): RuleAnswer {
  return { type: 'redirect', redirect: compileRedirect(view), edits };
}

/** A field that would break a line, or frame the body, is left out: admission should have refused it. */
function compileDirect(view: DirectResponseView, edits: CompiledEdits | null): RuleAnswer {
  const body = view.body === '' ? NOTHING : new Uint8Array(Buffer.from(view.body, 'utf8'));
  const type = view.contentType ?? (body.length === 0 ? '' : 'text/plain; charset=utf-8');
  const own = compileHeaderEdits({
    set: type === '' ? [] : [{ name: 'content-type', value: type }],
    add: view.headers ?? [],
    remove: [],
  });
  const fields = editFields(editFields([], own), edits);
  return { type: 'direct', status: view.status, content: { fields, body } };
}

/** The answer to that request. */
export function giveAnswer(answer: RuleAnswer, listener: Listener, head: MessageHead, bytes: Buffer): GivenAnswer {
  if (answer.type === 'direct') return answer;
  const location = field('location', locationOf(answer.redirect, listener, head, bytes));
  return { status: answer.redirect.status, content: { fields: editFields([location], answer.edits), body: NOTHING } };
}
