import t from 'tap';
import { interceptCommand } from '../../../src/cli/intercept.ts';
import { DEFAULT_SETTINGS, renderRules } from '../../../src/intercept/index.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

async function run(...args: readonly string[]): Promise<string> {
  const { io, written } = recordingIo();
  t.equal(await interceptCommand.run(args, io), 0);
  return written.out;
}

t.test('show gives each rule its reason, and needs no root', async (t) => {
  const out = await run('show');
  t.match(out, /^IPv4 \(iptables, table nat\)$/m);
  t.match(out, /^IPv6 \(ip6tables, table nat\)$/m);
  t.match(out, / {4}-p tcp -m mark --mark 0x70a7 -j RETURN\n {8}the inbound proxy reaches the local program/);
  const [rules, reasons] = [/^ {4}(?=\S).*-[jg] /gm, /^ {8}\S/gm].map((pattern) => out.match(pattern)?.length);
  t.equal(rules, reasons);
});

t.test('show --raw is what the restore programs read', async (t) => {
  const { v4, v6 } = renderRules(DEFAULT_SETTINGS);
  t.equal(await run('show', '--raw'), `# iptables-restore --noflush\n${v4}# ip6tables-restore --noflush\n${v6}`);
  t.equal(await run('show', '--raw', '--no-ipv6'), `# iptables-restore --noflush\n${v4}`);
});

t.test('show -o json lists the rules as data', async (t) => {
  const shown = JSON.parse(await run('show', '-o', 'json', '--failure', 'closed'));
  t.match(shown.v4[0], { table: 'nat', chain: 'PREROUTING', rule: /TOWPATH_PREROUTING/, reason: /\w/ });
  t.same(Object.keys(shown), ['v4', 'v6']);
});

t.test('wrong usage is refused with status 2', async (t) => {
  for (const [args, words] of [
    [[], /needs one of apply, remove, show, check, confirm$/],
    [['destroy'], /needs one of/],
    [['show', 'more'], /"more" is one word too many/],
    [['show', '--confirm', '5s'], /--confirm belongs to apply/],
    [['apply', '--confirm', 'soon'], /--confirm takes a time such as 60s or 5m, not "soon"/],
    [['show', '-o', 'yaml'], /-o must be json/],
    [['show', '--outbound-prots', '1'], /outbound-prots/],
  ] as const) {
    const error = await interceptCommand.run(args, recordingIo().io).catch((reason: unknown) => reason);
    t.match(error, { exitCode: 2, message: words }, args.join(' '));
  }
});

t.test('settings that make no sense are refused before anything is touched', async (t) => {
  const error = await interceptCommand
    .run(['apply', '--gid', '0'], recordingIo().io)
    .catch((reason: unknown) => reason);
  t.match(error, { exitCode: 1, problems: [{ path: 'gid' }] });
});

t.test('help names every option', async (t) => {
  for (const option of interceptCommand.completions.filter(
    (word) => word.startsWith('--') && word !== '--help' && word !== '--output',
  )) {
    t.ok(interceptCommand.help.includes(option), option);
  }
});
