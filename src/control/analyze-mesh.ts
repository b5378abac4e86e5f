import type { BusMessage } from '../contract/bus-types.ts';
import type { AnalyzeReply } from '../contract/operator-messages.ts';
import { analyzeResources, type Finding, resourceTitle } from '../resources/index.ts';
import { planDocuments } from './change-resources.ts';
import type { ControlParts } from './control-parts.ts';
import { type PlannedChange, withPlanned } from './plan-changes.ts';

const MAX_FINDINGS = 2_000;

/**
 * `control.mesh.analyze`: what is wrong, or probably not meant, in the mesh as it is. With documents as the body: what would be, if they were
 * applied: everything about them, and of the rest what is not so already. Changes nothing.
 */
export async function analyzeMesh(parts: ControlParts, request: BusMessage): Promise<AnalyzeReply> {
  const { resources, endpoints } = parts.state;
  const now = analyzeResources(resources, endpoints);
  if (request.data.length === 0) return replyWith(parts, now);
  const changes = planDocuments(parts, request)();
  const then = withPlanned(resources, changes, () => analyzeResources(resources, endpoints));
  const known = new Set(now.map(textOf));
  const titles = changes.flatMap(titlesOf);
  const isTold = (finding: Finding): boolean =>
    !known.has(textOf(finding)) || titles.some((title) => isAbout(finding, title));
  return replyWith(parts, then.filter(isTold));
}

function replyWith(parts: ControlParts, findings: readonly Finding[]): AnalyzeReply {
  return {
    ...parts.publisher.generation,
    findings: findings.slice(0, MAX_FINDINGS),
    truncated: findings.length > MAX_FINDINGS,
  };
}

function titlesOf(change: PlannedChange): string[] {
  return 'stored' in change ? [resourceTitle(change.stored.resource)] : [];
}

function isAbout({ path }: Finding, title: string): boolean {
  return path === title || path?.startsWith(`${title}:`) === true;
}

function textOf({ code, path, message }: Finding): string {
  return `${code} ${path} ${message}`;
}
