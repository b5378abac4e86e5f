/**
 * The directory's services as text: an agent knows every service of the mesh, but dials few, and the objects of an entry take
 * six times the bytes of its text. Whoever reads `services` gets objects made for the occasion.
 */
import type { DirectoryEntry, DirectoryView, ServiceKey } from '../../contract/views.ts';

/** JSON of the entries in fields without names, each after a line end. */
export type PackedServices = string;

type Fields = readonly [
  namespace: string,
  name: string,
  virtualIps: readonly string[],
  ports: readonly number[],
  hosts?: readonly string[] | null,
  addresses?: readonly string[],
];

const packedViews = new WeakSet<DirectoryView>();

export function packServices(services: readonly DirectoryEntry[]): PackedServices {
  return services.map((entry) => `\n${JSON.stringify(fieldsOf(entry))}`).join(',');
}

function fieldsOf({ namespace, name, virtualIps, ports, hosts, addresses }: DirectoryEntry): Fields {
  if (addresses !== undefined) return [namespace, name, virtualIps, ports, hosts ?? null, addresses];
  return hosts === undefined ? [namespace, name, virtualIps, ports] : [namespace, name, virtualIps, ports, hosts];
}

export function unpackServices(packed: readonly PackedServices[]): DirectoryEntry[] {
  return packed.flatMap((text) => (JSON.parse(`[${text}]`) as Fields[]).map(entryOf));
}

function entryOf([namespace, name, virtualIps, ports, hosts, addresses]: Fields): DirectoryEntry {
  const optional = {
    ...(hosts === undefined || hosts === null ? {} : { hosts }),
    ...(addresses === undefined ? {} : { addresses }),
  };
  return { namespace, name, virtualIps, ports, ...optional };
}

/** Whether the service is among them. Costs a search of the text. */
export function packsService(packed: PackedServices, key: ServiceKey): boolean {
  const slash = key.indexOf('/');
  const names = JSON.stringify([key.slice(0, slash), key.slice(slash + 1)]);
  return packed.includes(`\n${names.slice(0, -1)},`);
}

/** A directory whose services are made of the text each time they are read. */
export function packedDirectory(
  head: Omit<DirectoryView, 'services'>,
  services: readonly PackedServices[],
): DirectoryView {
  const view = {
    ...head,
    get services() {
      return unpackServices(services);
    },
  };
  packedViews.add(view);
  return view;
}

/** The same directory, packed. */
export function packDirectory(view: DirectoryView): DirectoryView {
  if (packedViews.has(view)) return view;
  const { services, ...head } = view;
  return packedDirectory(head, [packServices(services)]);
}
