/** Reads the nat table out of what `iptables-save` prints. Pure. */
import { CHAIN_PREFIX, CHAIN_TABLE_IS_OURS } from './names.ts';

export interface SavedRule {
  readonly chain: string;
  /** The text after `-A CHAIN `. */
  readonly text: string;
  /** Place in its chain, from 0. */
  readonly index: number;
}

/** What of ours is in one family's nat table. */
export interface SavedState {
  readonly tableExists: boolean;
  /** Our chains, the marker chain apart. */
  readonly chains: readonly string[];
  /** Rules in our chains. */
  readonly rules: readonly SavedRule[];
  /** Rules elsewhere that lead to our chains. */
  readonly jumps: readonly SavedRule[];
  /** The table came with us and goes with us. */
  readonly madeTable: boolean;
  /** Somebody else has chains, rules or policies in the table. */
  readonly hasForeign: boolean;
  /** iptables-nft says so on a comment line when the other backend holds rules as well. */
  readonly legacyTablesPresent: boolean;
}

export function parseSaved(text: string): SavedState {
  const chains: string[] = [];
  const all: SavedRule[] = [];
  const counts = new Map<string, number>();
  let table = '';
  let tableExists = false;
  let foreignChain = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = line.slice(1).trim();
      tableExists ||= table === 'nat';
    } else if (table === 'nat' && line.startsWith(':')) {
      const [name = '', policy = ''] = line.slice(1).split(' ');
      if (name.startsWith(CHAIN_PREFIX)) chains.push(name);
      else if (policy !== 'ACCEPT') foreignChain = true;
    } else if (table === 'nat' && line.startsWith('-A ')) {
      const [, chain = '', rest = ''] = /^-A (\S+) ?(.*)$/.exec(line) ?? [];
      const index = counts.get(chain) ?? 0;
      counts.set(chain, index + 1);
      all.push({ chain, text: rest, index });
    }
  }
  const isOurs = (rule: SavedRule): boolean => rule.chain.startsWith(CHAIN_PREFIX);
  const jumps = all.filter((rule) => !isOurs(rule) && leadsToUs(rule.text));
  return {
    tableExists,
    chains: chains.filter((chain) => chain !== CHAIN_TABLE_IS_OURS).sort(),
    rules: all.filter(isOurs),
    jumps,
    madeTable: chains.includes(CHAIN_TABLE_IS_OURS),
    hasForeign: foreignChain || all.some((rule) => !isOurs(rule) && !leadsToUs(rule.text)),
    legacyTablesPresent: /^# Warning: ip6?tables-legacy tables present/m.test(text),
  };
}

export function isAbsent(saved: SavedState): boolean {
  return saved.chains.length === 0 && saved.jumps.length === 0 && !saved.madeTable;
}

function leadsToUs(text: string): boolean {
  return new RegExp(`(^| )-[jg] ${CHAIN_PREFIX}`).test(text);
}
