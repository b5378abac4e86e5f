/** Include lists: a connection must match one entry of each list before it is redirected. Pure. */
import type { Match, Rule, Target } from './rule.ts';

/** One include list: any of `choices` leads on; none of them means not captured. */
export interface Stage {
  readonly chain: string;
  readonly choices: readonly (readonly Match[])[];
  readonly reason: string;
}

/** Where a connection goes that passed every exclude list: the first include list, or straight to the redirect. */
export function firstOf(stages: readonly Stage[], redirectChain: string): Target {
  return { type: 'goto', chain: stages[0]?.chain ?? redirectChain };
}

/** Each list is a chain whose entries go to the next list's chain, the last one's to the redirect. */
export function stageRules(stages: readonly Stage[], redirectChain: string): Rule[] {
  return stages.flatMap((stage, i) => {
    const target: Target = { type: 'goto', chain: stages[i + 1]?.chain ?? redirectChain };
    return stage.choices.map((matches): Rule => ({ chain: stage.chain, matches, target, reason: stage.reason }));
  });
}
