/** DNS for the programs of this host: listens on loopback, where the kernel redirects their queries, and knows the names of the mesh. */
import { ServiceNames } from '../../contract/service-names.ts';
import type { DirectoryEntry, DirectoryView } from '../../contract/views.ts';
import { UserError } from '../../core/errors.ts';
import { type DnsCount, DnsDesk } from './dns-desk.ts';
import { UdpForwarder } from './forward-udp.ts';
import { type OriginalResolvers, openOriginalResolvers } from './original-resolver.ts';
import { ResolverFile } from './resolver-file.ts';
import { serveTcp } from './serve-tcp.ts';
import { serveUdp } from './serve-udp.ts';

export interface DnsSettings {
  readonly port: number;
  /** Also on ::1, and with IPv6 addresses in answers. */
  readonly ipv6: boolean;
  /** Of the programs of this host: where a name alone is looked for. */
  readonly namespaces: readonly string[];
}

export interface DnsServer {
  /** False: the kernel does not tell whom a query was meant for, and this host's nameservers are asked. */
  readonly knowsDestinations: boolean;
  counts(): readonly DnsCount[];
  close(): Promise<void>;
}

/**
 * @param directory the one in force now; looked at for each query
 * @throws UserError naming the port and its setting when it is taken
 */
export async function openDns(
  settings: DnsSettings,
  directory: () => DirectoryView | null,
  originals: OriginalResolvers = openOriginalResolvers(),
  file: ResolverFile = new ResolverFile(),
): Promise<DnsServer> {
  await using undo = new AsyncDisposableStack();
  undo.defer(() => originals.close());
  const desk = new DnsDesk(finder(settings, directory), settings.port, settings.ipv6, originals, file);
  const forwarder = new UdpForwarder();
  undo.defer(() => forwarder.close());
  for (const address of settings.ipv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
    const local = { address, port: settings.port };
    const udp = await serveUdp(local, desk, forwarder).catch((error: unknown) => explain(local.port, error));
    undo.defer(() => {
      udp.close();
    });
    const tcp = await serveTcp(local, desk).catch((error: unknown) => explain(local.port, error));
    undo.defer(() => tcp.close());
  }
  const open = undo.move();
  return { knowsDestinations: originals.available, counts: () => desk.counts(), close: () => open.disposeAsync() };
}

/** The names are read anew when the directory is another one. */
function finder(
  { namespaces }: DnsSettings,
  directory: () => DirectoryView | null,
): (name: string) => DirectoryEntry | null {
  const names = new ServiceNames();
  names.setHome(namespaces);
  let known: DirectoryView | null = null;
  return (name) => {
    const current = directory();
    if (current !== known) {
      names.setDirectory(current?.services ?? []);
      known = current;
    }
    return names.findNear(name);
  };
}

function explain(port: number, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  throw new UserError({
    code: 'TWP2801',
    path: 'dns.port',
    message: code === 'EADDRINUSE' ? `port ${port} is already in use by another program` : `cannot listen: ${message}`,
    hint: 'stop the other program, set dns.port to a free port, or switch DNS capture off with dns.capture: false',
  });
}
