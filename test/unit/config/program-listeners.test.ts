import t from 'tap';
import { parseAgentConfig } from '../../../src/config/parse-agent-config.ts';
import { programListeners } from '../../../src/config/program-listeners.ts';

function parse(text: string) {
  return parseAgentConfig({ name: 'agent.yaml', text }, {}, 'h');
}

const HOST = `
workloads:
  - {name: a, namespace: shop, serviceAccount: web, ports: {http: 80}, programs: {uids: [1001], gids: [33]}}
  - {name: b, namespace: shop, ports: {http: 81}}
  - {name: c, namespace: bank, serviceAccount: web, ports: {http: 82}, programs: {gids: [7]}}
  - {name: d, namespace: shop, serviceAccount: web, ports: {http: 83}, programs: {uids: [1001, 1002]}}
`;

t.test('one listener for each account that names programs', async (t) => {
  const parsed = parse(HOST);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  t.same(programListeners(parsed.value), [
    { port: 15_101, namespace: 'shop', account: 'web', uids: [1001, 1002], gids: [33] },
    { port: 15_102, namespace: 'bank', account: 'web', uids: [], gids: [7] },
  ]);
  t.same(programListeners({ ...parsed.value, mutualTls: false }), []);
});

t.test('ports that clash, and programs that two accounts name', async (t) => {
  const refused = (text: string): string => {
    const parsed = parse(text);
    return parsed.ok ? 'accepted' : JSON.stringify(parsed.error);
  };
  t.match(refused(`ports: {programs: 15005}\n${HOST}`), /15006 is already used by ports.inbound/);
  t.match(refused(`ports: {programs: 65535}\n${HOST}`), /leaves no room/);
  t.match(
    refused(HOST.replace('gids: [7]', 'gids: [33]')),
    /workloads\[2\].programs.gids\[0\].*already that of the account shop\/web/,
  );
  t.equal(refused(`ports: {programs: 80}`), 'accepted', 'not in use');
});
