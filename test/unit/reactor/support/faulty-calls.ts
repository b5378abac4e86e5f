/** The real system calls, with a stand-in in front of some that can fail or come up short at a chosen call. */
import { bindCalls, type RawCalls } from '../../../../src/reactor/syscalls.ts';

export type CallName = Exclude<keyof RawCalls, 'errnoCell'>;

/** `short`: the call is made for fewer bytes. A number: the call is not made and fails with that errno. */
export type Fault = 'short' | number;

export interface FaultPlan {
  readonly call: CallName;
  /** Which call of that name, counted from 1. */
  readonly at: number;
  readonly fault: Fault;
}

export interface FaultyCalls {
  readonly calls: RawCalls;
  /** Calls made so far, by name. */
  readonly counts: Map<CallName, number>;
  /** The faults to inject. */
  plans: readonly FaultPlan[];
  /** How many of them were met. */
  injected: number;
}

/** Place of the length among the arguments of the calls that can come up short. */
const LENGTH_AT: Partial<Record<CallName, number>> = { recv: 2, send: 2, splice: 4 };

type AnyCall = (...args: (number | bigint)[]) => number;

export function createFaultyCalls(): FaultyCalls {
  const real = bindCalls();
  const faulty: { -readonly [K in keyof FaultyCalls]: FaultyCalls[K] } = {
    calls: real,
    counts: new Map(),
    plans: [],
    injected: 0,
  };
  const wrap = (name: CallName, call: AnyCall): AnyCall => {
    return (...args) => {
      const count = (faulty.counts.get(name) ?? 0) + 1;
      faulty.counts.set(name, count);
      const plan = faulty.plans.find((candidate) => candidate.call === name && candidate.at === count);
      if (plan === undefined) return call(...args);
      faulty.injected++;
      if (plan.fault === 'short') return call(...args.map((arg, i) => (i === LENGTH_AT[name] ? halved(arg) : arg)));
      real.errnoCell[0] = plan.fault;
      return -1;
    };
  };
  const wrapped = Object.entries(real).map(([name, call]) => [
    name,
    typeof call === 'function' ? wrap(name as CallName, call as AnyCall) : call,
  ]);
  faulty.calls = Object.fromEntries(wrapped) as RawCalls;
  return faulty;
}

function halved(length: number | bigint): number {
  return Math.ceil(Number(length) / 2);
}
