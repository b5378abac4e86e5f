/** The views this agent holds: the newest of each, in memory. Pure state; nothing here waits or writes. */
import type { HostView } from '../../contract/host-view.ts';
import {
  type DirectoryView,
  isNewer,
  type ServiceKey,
  type ServiceView,
  serviceKey,
  type ViewVersion,
} from '../../contract/views.ts';
import { packDirectory } from './packed-directory.ts';

/** What the offered view is, compared with the one held. */
export type Offer = 'newer' | 'same' | 'older';

/** What is kept across restarts. */
export interface ViewSnapshot {
  readonly directory: DirectoryView | null;
  readonly services: readonly ServiceView[];
  /** Absent: none has come yet. */
  readonly host?: HostView | undefined;
}

export class ViewStore {
  #directory: DirectoryView | null = null;
  #host: HostView | undefined;
  readonly #services = new Map<ServiceKey, ServiceView>();

  /** Takes the directory if it is newer than the one held. */
  offerDirectory(view: DirectoryView): Offer {
    const offer = compareDirectories(view.version, this.#directory?.version);
    if (offer === 'newer') this.#directory = packDirectory(view);
    return offer;
  }

  offerHost(view: HostView): Offer {
    const offer = compareVersions(view.version, this.#host?.version);
    if (offer === 'newer') this.#host = view;
    return offer;
  }

  offerService(view: ServiceView): Offer {
    const key = serviceKey(view.namespace, view.name);
    const offer = compareVersions(view.version, this.#services.get(key)?.version);
    if (offer === 'newer') this.#services.set(key, view);
    return offer;
  }

  /** @returns whether the service was held. */
  removeService(key: ServiceKey): boolean {
    return this.#services.delete(key);
  }

  directory(): DirectoryView | null {
    return this.#directory;
  }

  service(key: ServiceKey): ServiceView | null {
    return this.#services.get(key) ?? null;
  }

  snapshot(): ViewSnapshot {
    const views = { directory: this.#directory, services: [...this.#services.values()] };
    return this.#host === undefined ? views : { ...views, host: this.#host };
  }
}

/** One that is put together from parts may become another without a part newer than its newest one. */
function compareDirectories(offered: ViewVersion, held: ViewVersion | undefined): Offer {
  const offer = compareVersions(offered, held);
  return offer === 'same' && offered.hash !== held?.hash ? 'newer' : offer;
}

function compareVersions(offered: ViewVersion, held: ViewVersion | undefined): Offer {
  if (held === undefined || isNewer(offered, held)) return 'newer';
  return isNewer(held, offered) ? 'older' : 'same';
}
