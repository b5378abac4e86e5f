/** `towpath completion`: words for the shell, from the table of commands. */
import { assertNever } from '../core/result.ts';
import type { Command } from './command.ts';
import { offerWords } from './offer-words.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

/** Not in the help: the scripts call it. */
const WORDS = 'words';
const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const HELP = `Prints a script that completes towpath's commands and options, kinds, and the names that the mesh has now.

Usage:
  towpath completion bash|zsh|fish

Examples:
  source <(towpath completion bash)
  towpath completion zsh > "\${fpath[1]}/_towpath"
  towpath completion fish > ~/.config/fish/completions/towpath.fish
`;

/** @param loadAll the table of commands, of which this one is a part. */
export function makeCompletionCommand(loadAll: () => Promise<readonly Command[]>): Command {
  return {
    name: 'completion',
    summary: 'print the completion script of your shell',
    help: HELP,
    completions: [...SHELLS, '--help'],
    async run(args, io) {
      if (args[0] === WORDS) return offerWords(args.slice(args[1] === '--' ? 2 : 1), io);
      const { positionals } = parseWords('completion', args, {}, 1);
      const shell = SHELLS.find((known) => known === positionals[0]);
      if (shell === undefined) throw wrongUsage('completion', `name a shell: ${SHELLS.join(', ')}`);
      const commands = await loadAll();
      io.out(completionScript(shell, commands.map(withHelp)));
      return 0;
    },
  };
}

/** Every command has its help, whether it says so or not. */
function withHelp(command: Words): Words {
  return { ...command, completions: [...new Set([...command.completions, '--help'])] };
}

type Words = Pick<Command, 'name' | 'summary' | 'completions' | 'completesLive'>;

/** Offers the commands as the first word and each command's own words after it; files otherwise. */
export function completionScript(shell: Shell, commands: readonly Words[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
    default:
      return assertNever(shell);
  }
}

/** Words that are no option are followed by files: `apply -f`, `agent --standalone`. */
function bashScript(commands: readonly Words[]): string {
  const cases = commands.map((c) => `    ${c.name}) words='${c.completions.join(' ')}' ;;`);
  const live = commands.filter((c) => c.completesLive === true).map((c) => c.name);
  return `_towpath() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${commands.map((c) => c.name).join(' ')} --help --version'
  else
    case \${COMP_WORDS[1]} in
${cases.join('\n').replaceAll('\n    ', '\n      ').replace(/^ {4}/, '      ')}
    esac
    case \${COMP_WORDS[1]} in
      ${live.length === 0 ? "''" : live.join('|')}) words+=" $(towpath completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _towpath towpath
`;
}

const ZSH_LIVE = ` $(towpath completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)`;

function zshScript(commands: readonly Words[]): string {
  const described = commands.map((c) => `    '${c.name}:${quote(c.summary)}'`);
  const cases = commands.map((c) => {
    const live = c.completesLive === true ? ZSH_LIVE : '';
    return `    ${c.name}) compadd -- ${c.completions.join(' ')}${live}; _files ;;`;
  });
  return `#compdef towpath
_towpath() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
}
# Sourced: register. Autoloaded from fpath: this is the first call itself.
if [ "$funcstack[1]" = _towpath ]; then _towpath "$@"; else compdef _towpath towpath; fi
`;
}

const FISH_LIVE = 'towpath completion words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null';

function fishScript(commands: readonly Words[]): string {
  const lines = commands.flatMap((c) => [
    `complete -c towpath -f -n __fish_use_subcommand -a ${c.name} -d '${quote(c.summary)}'`,
    `complete -c towpath -n '__fish_seen_subcommand_from ${c.name}' -a '${c.completions.join(' ')}'`,
    ...(c.completesLive === true
      ? [`complete -c towpath -n '__fish_seen_subcommand_from ${c.name}' -a '(${FISH_LIVE})'`]
      : []),
  ]);
  return `${lines.join('\n')}\n`;
}

/** The apostrophe ends the quoting of all three shells. */
function quote(text: string): string {
  return text.replaceAll("'", '');
}
