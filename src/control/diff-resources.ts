import type { BusMessage } from '../contract/bus-types.ts';
import type { DiffReply } from '../contract/operator-messages.ts';
import { planDocuments, warningsOf } from './change-resources.ts';
import type { ControlParts } from './control-parts.ts';
import { describeChange } from './describe-change.ts';
import type { PlannedChange } from './plan-changes.ts';

const LIMITS = { fields: 200, valueLength: 16_384 };
const MAX_ANSWER_BYTES = 700_000;

/** `control.resource.diff`: the body is that of apply; what applying it would change, field by field. Changes nothing. */
export async function diffResources(parts: ControlParts, request: BusMessage): Promise<DiffReply> {
  const planned = planDocuments(parts, request)();
  const changes: DiffReply['changes'] = [];
  let bytes = 0;
  for (const change of planned) {
    const described = describe(parts, change);
    bytes += Buffer.byteLength(JSON.stringify(described.fields));
    changes.push(bytes > MAX_ANSWER_BYTES ? { ...described, fields: [], truncated: true } : described);
  }
  return { ...parts.publisher.generation, changes, warnings: warningsOf(parts, planned) };
}

function describe(parts: ControlParts, change: PlannedChange): DiffReply['changes'][number] {
  const before = parts.state.resources.get(change.id) ?? null;
  const { fields, truncated } = describeChange(before, change, LIMITS);
  return {
    id: change.id,
    outcome: change.type === 'put' ? change.outcome : change.type === 'unchanged' ? 'unchanged' : 'not-found',
    generation: {
      before: before?.generation ?? null,
      after: 'stored' in change ? change.stored.generation : 0,
    },
    fields: [...fields],
    truncated,
  };
}
