/** What choosing an endpoint goes by, beside the endpoints themselves. */
import type { Endpoint } from './endpoint.ts';

/** Nothing that consistent hashing could go by; keys are 0 and above. */
export const NO_KEY = -1;
export const NO_ENDPOINTS: readonly Endpoint[] = [];

/** The parts of a thread's context that a pick draws on. */
export interface PickContext {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** ms of the reactor's clock. */
  readonly reactor: { readonly now: number };
}
