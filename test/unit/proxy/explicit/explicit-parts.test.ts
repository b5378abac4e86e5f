import t from 'tap';
import { isOwnListener } from '../../../../src/proxy/explicit/explicit-parts.ts';
import { ResolvedNames } from '../../../../src/proxy/explicit/resolved-names.ts';
import { address } from '../../../helpers/proxy-rig.ts';

const CASES: readonly (readonly [ip: string, port: number, isOwn: boolean])[] = [
  ['127.0.0.1', 15080, true],
  ['127.9.9.9', 15080, true],
  ['0.0.0.0', 15080, true],
  ['::1', 15080, true],
  ['::', 15080, true],
  ['10.0.0.1', 15080, false],
  ['fd00::1', 15080, false],
  ['127.0.0.1', 8080, false],
  ['10.0.0.1', 15001, true],
  ['fd00::1', 15006, true],
];

t.test('a destination that is a listener of ours is told from others', async (t) => {
  const capturePorts = new Set([15001, 15006]);
  const parts = { port: 15080, capturePorts, names: new ResolvedNames(), whenNameResolves: () => {} };
  for (const [ip, port, isOwn] of CASES) t.equal(isOwnListener(parts, address(ip, port)), isOwn, `${ip} ${port}`);
  t.notOk(
    isOwnListener({ ...parts, port: 0 }, address('127.0.0.1', 15080)),
    'switched off: somebody else may be there',
  );
});
