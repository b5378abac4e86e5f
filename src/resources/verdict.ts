/** A condition as in GEP-1364, without the time of its last transition, which whoever stores it knows. */
export interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs' | 'PartiallyInvalid';
  readonly status: 'True' | 'False';
  /** Upstream's reason, in CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  /** The parent of a route or the target of a policy that this is about, such as `shop/orders:80`; null for the rest. */
  readonly parent: string | null;
}

export type Verdict = Omit<Condition, 'observedGeneration' | 'parent'>;

/** The condition `Accepted` while it is true. */
export function accepted(message: string): Verdict {
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message };
}

/** The condition `Accepted` while it is false. */
export function refused(reason: string, message: string): Verdict {
  return { type: 'Accepted', status: 'False', reason, message };
}
