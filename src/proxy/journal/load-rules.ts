/** The rules of telemetry as a data thread uses them: fields are found in one look over a head. */
import type { SideRules, TelemetryRules } from '../../contract/telemetry-rules.ts';
import { BIT_TAPPED } from '../../telemetry/records/record-layout.ts';
import { constantBytes, equalsLower } from '../codec/http1/bytes.ts';
import type { MessageHead } from '../codec/message-head.ts';

export interface LoadedRules {
  readonly number: number;
  /** The first is the request's id. */
  readonly requestFields: WantedFields;
  readonly answerFields: WantedFields;
  readonly outbound: SideRules;
  readonly inbound: ReadonlyMap<string, SideRules>;
  readonly otherInbound: SideRules;
  /** Something is to be noted of requests. */
  readonly isOn: boolean;
  /** Bits of what somebody watches, outbound and inbound; 0: nobody does. */
  readonly tapOutbound: number;
  readonly tapInbound: number;
  /** null: everything is watched. */
  readonly tapServices: ReadonlySet<string> | null;
}

const NOTHING: SideRules = { log: null, trace: null };
/** A draft is made of each request, and none is logged. */
const WATCHED: SideRules['log'] = { index: -1, percent: 0, slowMs: Number.POSITIVE_INFINITY };

export function loadRules({ tap = null, ...rules }: TelemetryRules): LoadedRules {
  const watch = (side: SideRules, isWatched = false): SideRules =>
    isWatched ? { ...side, log: side.log ?? WATCHED } : side;
  const inbound = new Map(Object.entries(rules.inbound).map(([key, side]) => [key, watch(side, tap?.inbound)]));
  const otherInbound = inbound.get('') ?? watch(NOTHING, tap?.inbound);
  const outbound = watch(rules.outbound, tap?.outbound);
  const sides = [outbound, otherInbound, ...inbound.values()];
  return {
    number: rules.number,
    requestFields: new WantedFields(['x-request-id', ...rules.requestFields]),
    answerFields: new WantedFields(rules.answerFields),
    outbound,
    inbound,
    otherInbound,
    isOn: sides.some(({ log, trace }) => log !== null || trace !== null),
    tapOutbound: tap?.outbound ? BIT_TAPPED : 0,
    tapInbound: tap?.inbound ? BIT_TAPPED : 0,
    tapServices: tap === null || tap.services === null ? null : new Set(tap.services),
  };
}

/** Fields of heads that are wanted, by name in lower case. */
export class WantedFields {
  readonly names: readonly Uint8Array[];
  /** Index in the head that was looked at last, -1: it has none of the name. The first of several counts. */
  readonly found: Int32Array;
  /** Names have this length. */
  readonly #lengths = new Uint8Array(256);

  constructor(names: readonly string[]) {
    this.names = names.map(constantBytes);
    this.found = new Int32Array(names.length).fill(-1);
    for (const name of names) this.#lengths[name.length & 0xff] = 1;
  }

  find(bytes: Uint8Array, head: MessageHead): void {
    const { found } = this;
    for (let w = 0; w < found.length; w++) found[w] = -1;
    const { fieldCount, nameLength, nameAt } = head;
    for (let i = 0; i < fieldCount; i++) {
      const length = nameLength[i] as number;
      if (this.#lengths[length & 0xff] === 1) this.#note(bytes, nameAt[i] as number, length, i);
    }
  }

  #note(bytes: Uint8Array, at: number, length: number, field: number): void {
    const { names, found } = this;
    for (let w = 0; w < names.length; w++) {
      if (found[w] === -1 && equalsLower(bytes, at, length, names[w] as Uint8Array)) found[w] = field;
    }
  }
}
