/** Resources in the formats of `towpath get`. Pure. */
import type { ResourceReply } from '../contract/messages.ts';
import { formatYaml } from '../core/yaml.ts';
import { formatJson, formatTable } from './output.ts';

export const RESOURCE_FORMATS = ['table', 'wide', 'yaml', 'json', 'name'] as const;
export type ResourceFormat = (typeof RESOURCE_FORMATS)[number];

/** `isSingle`: one was asked for by name, so JSON is that one and no list. */
export function formatResources(items: readonly ResourceReply[], format: ResourceFormat, isSingle: boolean): string {
  switch (format) {
    case 'json':
      return formatJson(isSingle ? items[0] : { items });
    case 'yaml':
      return items.map((item) => formatYaml(item)).join('---\n');
    case 'name':
      return items.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}\n`).join('');
    case 'table':
    case 'wide':
      return table(items, format === 'wide');
  }
}

function table(items: readonly ResourceReply[], wide: boolean): string {
  const header = ['namespace', 'kind', 'name', 'generation', 'accepted', 'programmed', 'created'];
  const rows = items.map((item) => {
    const { namespace, name, generation, creationTimestamp } = item.metadata;
    const cells = [namespace, item.kind, name, String(generation), statusOf(item, 'Accepted')];
    const all = [...cells, statusOf(item, 'towpath.dev/Programmed'), creationTimestamp];
    return wide ? [...all, agentsOf(item), messageOf(item)] : all;
  });
  return formatTable(wide ? [...header, 'agents', 'message'] : header, rows);
}

/** The worst status of a condition that may be there several times, once for each parent. */
function statusOf(item: ResourceReply, type: string): string {
  const found = item.status.conditions.filter((condition) => condition.type === type);
  return (
    found.find((c) => c.status === 'False')?.status ??
    found.find((c) => c.status === 'Unknown')?.status ??
    found[0]?.status ??
    '-'
  );
}

/** `7/9`: how many of those that use it run it. */
function agentsOf({ status }: ResourceReply): string {
  const programmed = status.conditions.find(({ type }) => type === 'towpath.dev/Programmed');
  return /^(\d+\/\d+) agents$/.exec(programmed?.message ?? '')?.[1] ?? '-';
}

function messageOf({ status }: ResourceReply): string {
  const bad = status.conditions.find((c) => c.status === 'False' || c.type === 'PartiallyInvalid');
  return bad === undefined ? '' : `${bad.type}=${bad.reason}: ${bad.message}`;
}
