/** What every data thread must know, as the messages that tell a new one. */
import type { ToDataThread } from '../contract/data-thread.ts';
import { type ServiceKey, serviceKey } from '../contract/views.ts';

type WithoutSequence<T> = T extends { readonly sequence: number } ? Omit<T, 'sequence'> : never;
export type ToDataThreadBody = WithoutSequence<ToDataThread>;

export class ThreadState {
  #directory: ToDataThreadBody | null = null;
  #inbound: ToDataThreadBody | null = null;
  #identity: ToDataThreadBody | null = null;
  #host: ToDataThreadBody | null = null;
  #drain: ToDataThreadBody | null = null;
  /** By URL. */
  readonly #keys = new Map<string, ToDataThreadBody>();
  #names: Readonly<Record<string, readonly string[]>> = {};
  readonly #services = new Map<ServiceKey, ToDataThreadBody>();
  /** By cluster and address. */
  readonly #health = new Map<string, ToDataThreadBody>();

  /** By rule and bucket. */
  readonly #quotas = new Map<string, ToDataThreadBody>();

  /** Notes a message that is about to be sent to all threads. */
  remember(message: ToDataThreadBody): void {
    switch (message.type) {
      case 'directory':
        this.#directory = message;
        return;
      case 'inbound':
        this.#inbound = message;
        return;
      case 'identity':
        this.#identity = message;
        return;
      case 'host':
        this.#host = message;
        return;
      case 'json-web-keys':
        return keep(this.#keys, message.url, message);
      case 'drain':
        this.#drain = message;
        return;
      case 'endpoint-names':
        this.#names = { ...this.#names, ...message.addresses };
        return;
      case 'service':
        this.#services.set(serviceKey(message.service.namespace, message.service.name), message);
        return;
      case 'service-removed':
        this.#services.delete(message.key);
        return;
      case 'endpoint-health':
        return keep(this.#health, `${message.cluster} ${message.address}`, message, message.passes !== null);
      case 'quota-slot':
        return keep(this.#quotas, `${message.rule} ${message.key}`, message, message.slot !== null);
      case 'quota-filled':
      case 'resolved':
      case 'stop':
      case 'dump':
      case 'explain':
        return;
    }
  }

  /** Everything that is in force, in the order in which a thread should hear it. */
  messages(): ToDataThreadBody[] {
    const hasNames = Object.keys(this.#names).length > 0;
    const names: ToDataThreadBody | null = hasNames ? { type: 'endpoint-names', addresses: this.#names } : null;
    const services = [...this.#services.values(), ...this.#health.values(), ...this.#quotas.values()];
    const policies = [this.#identity, ...this.#keys.values(), this.#host];
    const fixed = [...policies, this.#directory, this.#inbound, names, ...services, this.#drain];
    return fixed.filter((message) => message !== null);
  }
}

function keep(kept: Map<string, ToDataThreadBody>, key: string, message: ToDataThreadBody, isInForce = true): void {
  if (isInForce) kept.set(key, message);
  else kept.delete(key);
}
