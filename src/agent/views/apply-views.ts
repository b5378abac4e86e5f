/** Where every view passes on its way to the data threads, whatever its source: control, files, or the disk. */
import type { HostView } from '../../contract/host-view.ts';
import type { DirectoryView, ServiceKey, ServiceView } from '../../contract/views.ts';
import { endpointHosts, serviceKey } from '../../contract/views.ts';
import type { DataThreads, ToDataThreadBody } from '../data-threads.ts';
import type { FollowedNames } from '../host/follow-names.ts';
import type { FollowedKeys } from '../tokens/followed-keys.ts';
import type { Offer, ViewSnapshot, ViewStore } from './view-store.ts';

export class ViewApplier {
  readonly #store: ViewStore;
  readonly #threads: Pick<DataThreads, 'post'>;
  readonly #onChange: () => void;
  readonly #names: Pick<FollowedNames, 'follow' | 'forget'>;
  readonly #keys: Pick<FollowedKeys, 'follow'>;

  /**
   * @param onChange called after each change that is in force: time to save.
   * @param names told which hosts are endpoints, so that their addresses are known before the view counts
   * @param keys told which issuers of tokens this host's policies name
   */
  constructor(
    store: ViewStore,
    threads: Pick<DataThreads, 'post'>,
    onChange: () => void,
    names: Pick<FollowedNames, 'follow' | 'forget'> = NO_NAMES,
    keys: Pick<FollowedKeys, 'follow'> = NO_KEYS,
  ) {
    this.#keys = keys;
    this.#names = names;
    this.#store = store;
    this.#threads = threads;
    this.#onChange = onChange;
  }

  /** Resolves once every data thread decides by this directory. Rejects when a newer one is in force: never step back. */
  async directory(view: DirectoryView): Promise<void> {
    if (!isWanted(this.#store.offerDirectory(view), 'the directory')) return;
    await this.#threads.post(directoryMessage(view));
    this.#onChange();
  }

  /** Resolves once every data thread decides by these policies for what arrives here. */
  async host(view: HostView): Promise<void> {
    if (!isWanted(this.#store.offerHost(view), 'the view of this host')) return;
    await this.#threads.post({ type: 'host', view });
    this.#keys.follow(view);
    this.#onChange();
  }

  async service(view: ServiceView): Promise<void> {
    const key = serviceKey(view.namespace, view.name);
    if (!isWanted(this.#store.offerService(view), `service ${key}`)) return;
    const hosts = endpointHosts(view);
    // A view of before may have had some.
    if (hosts.length === 0) this.#names.forget(key);
    else await this.#names.follow(key, hosts);
    await this.#threads.post({ type: 'service', service: view });
    this.#onChange();
  }

  /** Also answers a data thread that asked for a service which does not exist: it stops waiting. */
  async serviceRemoved(key: ServiceKey): Promise<void> {
    const held = this.#store.removeService(key);
    this.#names.forget(key);
    await this.#threads.post({ type: 'service-removed', key });
    if (held) this.#onChange();
  }

  /** Puts views of an earlier run in force; they are on disk already, so nothing is to be saved. */
  async replay({ directory, services, host }: ViewSnapshot): Promise<void> {
    if (host !== undefined) {
      this.#store.offerHost(host);
      await this.#threads.post({ type: 'host', view: host });
      this.#keys.follow(host);
    }
    for (const service of services) {
      this.#store.offerService(service);
      // Without waiting: a host that starts while DNS is away serves the rest at once.
      void this.#names.follow(serviceKey(service.namespace, service.name), endpointHosts(service));
      await this.#threads.post({ type: 'service', service });
    }
    if (directory === null) return;
    this.#store.offerDirectory(directory);
    await this.#threads.post(directoryMessage(directory));
  }

  /** A data thread asks for a service. @returns false when its view is not held: the source must bring it. */
  async repeat(key: ServiceKey): Promise<boolean> {
    const service = this.#store.service(key);
    if (service === null) return false;
    await this.#threads.post({ type: 'service', service });
    return true;
  }
}

const NO_KEYS: Pick<FollowedKeys, 'follow'> = { follow: () => {} };
const NO_NAMES: Pick<FollowedNames, 'follow' | 'forget'> = { follow: async () => {}, forget: () => {} };

function directoryMessage({ services, egress }: DirectoryView): ToDataThreadBody {
  return { type: 'directory', services, ...(egress === undefined ? {} : { egress }) };
}

function isWanted(offer: Offer, what: string): boolean {
  if (offer === 'older') throw new Error(`${what} is older than the one in force`);
  return offer === 'newer';
}
