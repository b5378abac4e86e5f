/** Which agents run a set of views. Pure. */
import type { Generation } from '../contract/messages.ts';
import type { ServiceKey } from '../contract/views.ts';
import { isBefore, type LiveAgent } from './agent-table.ts';

/** A view as it is published. */
export interface PublishedView {
  /** null: every agent holds it. */
  readonly service: ServiceKey | null;
  /** Absent: it is no view of one host's own. */
  readonly host?: string;
  /** Its key in the view bucket, as agents name it when they refuse it. */
  readonly key: string;
  readonly version: Generation;
}

export interface Programmed {
  /** Agents that use one of the services, or all of them. */
  readonly interested: readonly string[];
  readonly pending: readonly string[];
  readonly rejected: readonly { readonly host: string; readonly reason: string }[];
}

/** Parts of the directory, which every agent holds. */
const DIRECTORY = /^dir\./;

/**
 * An agent answers for a whole generation of the mesh, once all that it uses is in force. So it runs a view when it answered the
 * generation of that view or a newer one, and refuses it when the refused keys that it named are among these.
 * @param inDirectory the resource is an entry of the directory too, which all agents must take
 */
export function programmedBy(
  agents: readonly LiveAgent[],
  views: readonly PublishedView[],
  inDirectory: boolean,
): Programmed {
  const interested: string[] = [];
  const pending: string[] = [];
  const rejected: { host: string; reason: string }[] = [];
  for (const { host, ack, services } of agents) {
    const used = views.filter((view) => isUsed(view, host, services));
    if (used.length > 0) interested.push(host);
    if (used.some(({ version }) => ack === null || isBefore(ack, version))) {
      pending.push(host);
      continue;
    }
    const keys = new Set(used.map(({ key }) => key));
    const error = ack?.errors.find(({ key }) => keys.has(key) || (inDirectory && DIRECTORY.test(key)));
    if (error !== undefined) rejected.push({ host, reason: `${error.key}: ${error.reason}` });
  }
  return { interested, pending, rejected };
}

function isUsed(view: PublishedView, host: string, services: LiveAgent['services']): boolean {
  if (view.host !== undefined) return view.host === host;
  return services === null || view.service === null || services.has(view.service);
}
