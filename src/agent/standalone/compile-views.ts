/** Every view of a standalone host, compiled at once; a view whose content did not change keeps its version. Pure. */
import type { HostView } from '../../contract/host-view.ts';
import type { DirectoryView, ServiceKey, ServiceView, ViewVersion } from '../../contract/views.ts';
import {
  compileDirectory,
  compileEgress,
  compileHost,
  compileService,
  type EndpointIndex,
  hashView,
  type ResourceIndex,
} from '../../resources/index.ts';

export interface CompiledViews {
  readonly directory: DirectoryView;
  readonly services: ReadonlyMap<ServiceKey, ServiceView>;
  readonly host: HostView;
}

/** Views of files live as long as the process: there is no store that could be recreated. */
const EPOCH = 1;

/**
 * @param host whose own view is compiled
 * @param gen the version that changed views get; higher than any before.
 */
export function compileViews(
  index: ResourceIndex,
  endpoints: EndpointIndex,
  host: string,
  before: CompiledViews | null,
  gen: number,
): CompiledViews {
  const version = (hash: string, held: ViewVersion | undefined): ViewVersion =>
    held?.hash === hash ? held : { epoch: EPOCH, gen, hash };
  const services = new Map<ServiceKey, ServiceView>();
  for (const key of index.frontendKeys()) {
    const body = compileService(index, endpoints, key);
    if (body === null) continue;
    services.set(key, { ...body, version: version(hashView(body), before?.services.get(key)?.version) });
  }
  const egress = compileEgress(index);
  const directory = { services: compileDirectory(index), ...(egress === undefined ? {} : { egress }) };
  const held = before?.directory.version;
  const own = compileHost(index, endpoints.ofHost(host));
  return {
    directory: { ...directory, version: version(hashView(directory), held) },
    services,
    host: { ...own, version: version(hashView(own), before?.host.version) },
  };
}
