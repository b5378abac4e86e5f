/** `towpath version`. */
import { packageVersion } from '../config/package-version.ts';
import type { Command } from './command.ts';
import { formatJson } from './output.ts';
import { parseWords } from './parse-words.ts';

export const versionCommand: Command = {
  name: 'version',
  summary: 'print the version of Towpath and of the Node it runs on',
  help: `Prints the version of Towpath and of the Node it runs on.

Usage:
  towpath version [-o json]

Options:
  -o json    as JSON

Examples:
  towpath version
  towpath version -o json
`,
  completions: ['-o', '--help'],
  async run(args, io) {
    const { values } = parseWords('version', args, { output: { type: 'string', short: 'o' } }, 0);
    const facts = { towpath: packageVersion(), node: process.versions.node, openssl: process.versions.openssl };
    if (values.output === 'json') io.out(formatJson(facts));
    else io.out(`towpath ${facts.towpath} (node ${facts.node}, openssl ${facts.openssl})\n`);
    return 0;
  },
};
