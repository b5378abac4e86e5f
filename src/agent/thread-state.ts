/** What every data thread must know, as the messages that tell a new one. */
import type { ToDataThread } from '../contract/data-thread.ts';
import { type ServiceKey, serviceKey } from '../contract/views.ts';

type WithoutSequence<T> = T extends { readonly sequence: number } ? Omit<T, 'sequence'> : never;
export type ToDataThreadBody = WithoutSequence<ToDataThread>;

export class ThreadState {
  /** Of each kind that the next of its kind replaces. */
  readonly #newest = new Map<ToDataThreadBody['type'], ToDataThreadBody>();
  /** By URL. */
  readonly #keys = new Map<string, ToDataThreadBody>();
  #names: Readonly<Record<string, readonly string[]>> = {};
  readonly #services = new Map<ServiceKey, ToDataThreadBody>();
  /** By cluster and address. */
  readonly #health = new Map<string, ToDataThreadBody>();

  /** By rule and bucket. */
  readonly #quotas = new Map<string, ToDataThreadBody>();

  /** Notes a message that is about to be sent to all threads. Returns whether it may change which names are configured. */
  remember(message: ToDataThreadBody): boolean {
    switch (message.type) {
      case 'directory':
      case 'inbound':
        this.#newest.set(message.type, message);
        return true;
      case 'identity':
      case 'host':
      case 'telemetry':
      case 'drain':
        this.#newest.set(message.type, message);
        return false;
      case 'json-web-keys':
        keep(this.#keys, message.url, message);
        return false;
      case 'endpoint-names':
        this.#names = { ...this.#names, ...message.addresses };
        return false;
      case 'service':
        this.#services.set(serviceKey(message.service.namespace, message.service.name), message);
        return true;
      case 'service-removed':
        this.#services.delete(message.key);
        return true;
      case 'endpoint-health':
        keep(this.#health, `${message.cluster} ${message.address}`, message, message.passes !== null);
        return false;
      case 'quota-slot':
        keep(this.#quotas, `${message.rule} ${message.key}`, message, message.slot !== null);
        return false;
      case 'quota-filled':
      case 'resolved':
      case 'stop':
      case 'dump':
      case 'explain':
      case 'series-places':
        return false;
    }
  }

  /** Everything that is in force, in the order in which a thread should hear it. */
  messages(): ToDataThreadBody[] {
    const hasNames = Object.keys(this.#names).length > 0;
    const names: ToDataThreadBody | null = hasNames ? { type: 'endpoint-names', addresses: this.#names } : null;
    const services = [...this.#services.values(), ...this.#health.values(), ...this.#quotas.values()];
    const newest = (type: ToDataThreadBody['type']): ToDataThreadBody | null => this.#newest.get(type) ?? null;
    const policies = [newest('identity'), ...this.#keys.values(), newest('host')];
    const before = [newest('telemetry'), ...policies, newest('directory'), newest('inbound'), names];
    const fixed = [...before, ...services, newest('drain')];
    return fixed.filter((message) => message !== null);
  }
}

function keep(kept: Map<string, ToDataThreadBody>, key: string, message: ToDataThreadBody, isInForce = true): void {
  if (isInForce) kept.set(key, message);
  else kept.delete(key);
}
