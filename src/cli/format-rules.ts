/** The interception rules for a reader: each with its reason, in the order in which the kernel asks. Pure. */
import {
  buildRules,
  type Family,
  type InterceptionSettings,
  type Rule,
  renderRule,
  renderRules,
} from '../intercept/index.ts';
import type { CommandIo } from './command.ts';
import { formatJson, paint } from './output.ts';

export function formatRules(
  settings: InterceptionSettings,
  format: 'text' | 'raw' | 'json',
  io: Pick<CommandIo, 'colour'>,
): string {
  const families: readonly Family[] = settings.ipv6 ? ['v4', 'v6'] : ['v4'];
  switch (format) {
    case 'raw': {
      const text = renderRules(settings);
      return families.map((family) => `# ${programOf(family)}-restore --noflush\n${text[family]}`).join('');
    }
    case 'json':
      return formatJson(
        Object.fromEntries(
          families.map((family) => [
            family,
            allRules(settings, family).map((rule) => ({
              table: 'nat',
              chain: rule.chain,
              rule: renderRule(rule),
              reason: rule.reason,
            })),
          ]),
        ),
      );
    case 'text':
      return families.map((family) => formatFamily(settings, family, io)).join('\n');
  }
}

function programOf(family: Family): string {
  return family === 'v4' ? 'iptables' : 'ip6tables';
}

function allRules(settings: InterceptionSettings, family: Family): Rule[] {
  const { jumps, rules } = buildRules(settings, family);
  return [...jumps, ...rules];
}

function formatFamily(settings: InterceptionSettings, family: Family, io: Pick<CommandIo, 'colour'>): string {
  const rules = allRules(settings, family);
  const title = paint(io, 'bold', `${family === 'v4' ? 'IPv4' : 'IPv6'} (${programOf(family)}, table nat)`);
  const chains = [...new Set(rules.map((rule) => rule.chain))];
  const blocks = chains.map((chain) => {
    const lines = rules.filter((rule) => rule.chain === chain).map((rule) => formatRule(rule, io));
    return `  ${paint(io, 'bold', chain)}\n${lines.join('')}`;
  });
  return `${title}\n${blocks.join('')}`;
}

function formatRule(rule: Rule, io: Pick<CommandIo, 'colour'>): string {
  return `    ${renderRule(rule)}\n        ${paint(io, 'dim', rule.reason)}\n`;
}
