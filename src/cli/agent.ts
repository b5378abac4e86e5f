/** `towpath agent`: runs the agent of this host, or asks the one that runs. */

import { JOIN_HELP, joinAgent } from './agent-join.ts';
import { AGENT_VERBS, askAgent } from './ask-agent.ts';
import type { Command, CommandIo } from './command.ts';
import { runAgent } from './run-agent.ts';

const HELP = `Runs the agent of this host: captures the TCP connections of local programs, balances and routes them, and
registers the programs that others may call. Needs root for the interception rules. docs/agent.md describes the agent file.

Usage:
  towpath agent join TOKEN            becomes a member of a secured mesh ("towpath agent join --help")
  towpath agent [--config FILE] [--no-intercept]                       follow control over NATS
  towpath agent --standalone [--config FILE] [--no-intercept] PATH...  follow resource files, without NATS and control
  towpath agent status [-o json]      what the running agent does; status 1 when it has problems
  towpath agent dump                  everything it holds, as JSON: views, endpoints, verdicts, connections
  towpath agent loglevel [LEVEL]      show or change the log level: debug, info, warn, error, silent
  towpath agent drain                 stop it gracefully: remove the rules, withdraw its programs, finish what is open

Options:
  --config FILE     the agent file (default: TOWPATH_CONFIG, else /etc/towpath/agent.yaml;
                    with --standalone it need not be there)
  --standalone      PATHs are resource files or directories of them; changes are applied as they are saved
  --no-intercept    install no rules; "towpath intercept apply" sends traffic to the agent later
  --admin-port N    for status, dump, loglevel, drain (default: TOWPATH_ADMIN_PORT, else 15000)
  -o json           for status

Signals: TERM, INT and HUP stop it gracefully, a second one at once.

Examples:
  sudo towpath agent --standalone examples/standalone.yaml
  sudo towpath agent --config /etc/towpath/agent.yaml
  towpath agent status
  towpath agent loglevel debug
`;

export const agentCommand: Command = {
  name: 'agent',
  summary: 'run the agent of this host, or ask the one that runs',
  help: HELP,
  verbs: { join: JOIN_HELP },
  completions: ['join', ...AGENT_VERBS, '--config', '--standalone', '--no-intercept', '--admin-port', '-o', '--help'],
  async run(args: readonly string[], io: CommandIo): Promise<number> {
    if (args[0] === 'join') return joinAgent(args.slice(1), io);
    const verb = AGENT_VERBS.find((known) => known === args[0]);
    return verb === undefined ? runAgent(args, io) : askAgent(verb, args.slice(1), io);
  },
};
