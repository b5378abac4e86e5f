import t from 'tap';
import { describeDial, dialEndpoint } from '../../../../src/proxy/upstream/dial.ts';
import { ECONNREFUSED } from '../../../../src/reactor/errno.ts';
import type { SocketHandler } from '../../../../src/reactor/socket.ts';
import { address, ProxyRig } from '../../../helpers/proxy-rig.ts';
import { closedPort } from '../support/http2-rig.ts';

function listener(heard: string[]): SocketHandler {
  const note = (event: string) => (): void => void heard.push(event);
  return {
    onConnect: note('connect'),
    onData: note('data'),
    onEnd: note('end'),
    onDrain: note('drain'),
    onError: (_socket, errno) => void heard.push(`error ${errno}`),
    onTimeout: note('timeout'),
    onReadable: note('readable'),
    onWritable: note('writable'),
  };
}

t.test('a dial connects, is refused, or takes too long', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve(() => {});
  const dial = async (ip: string, to: number): Promise<string> => {
    const heard: string[] = [];
    const target = { address: address(ip, to), mark: 0, tls: null };
    const socket = dialEndpoint(rig.reactor, target, 100, listener(heard), 'http2');
    if (typeof socket === 'number') return describeDial(target, socket);
    await rig.until(() => heard.length > 0, 'what becomes of it');
    rig.reactor.reset(socket);
    return heard[0] ?? '';
  };
  t.equal(await dial('127.0.0.1', port), 'connect');
  t.equal(await dial('127.0.0.1', await closedPort()), `error ${ECONNREFUSED}`);
  // TEST-NET-1 (RFC 5737): nobody answers there, unless the host knows no way to it at all.
  t.match(await dial('192.0.2.1', 9), /timeout|unreachable|error/);
  await rig.end();
});
