import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import { Kernel } from '../../../src/reactor/kernel.ts';
import { type ListenResult, openListener } from '../../../src/reactor/listen.ts';
import { MINIMUM_SLAB_BYTES } from '../../../src/reactor/slab.ts';
import { startServer, stopServer } from './support/peer.ts';
import { addressOf, createSlab, openDescriptors } from './support/world.ts';

const kernel = new Kernel(createSlab(MINIMUM_SLAB_BYTES + 64));

function descriptorOf(result: ListenResult): number {
  if (!result.ok) throw new Error(result.sentence);
  return result.fd;
}

function portOf(fd: number): number {
  return kernel.localAddress(fd)?.port ?? 0;
}

t.test('a port that another program has is a clash, and nothing is left open', async (t) => {
  const other = await startServer('127.0.0.1');
  const before = openDescriptors();
  const result = openListener(kernel, addressOf('127.0.0.1', other.port), false);
  t.same(result, { ok: false, clash: true, sentence: `cannot listen on 127.0.0.1:${other.port}: address in use` });
  t.equal(openDescriptors(), before);
  stopServer(other);
});

t.test('an address that is not ours is no clash', async (t) => {
  const result = openListener(kernel, addressOf('192.0.2.1', 15001), false);
  t.match(result, { ok: false, clash: false, sentence: /192\.0\.2\.1:15001/ });
});

t.test('IPv4 and IPv6 listeners share a port; the IPv6 one takes IPv6 only', async (t) => {
  const six = descriptorOf(openListener(kernel, addressOf('::', 0), false));
  const port = portOf(six);
  const refused = connect({ host: '127.0.0.1', port });
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  t.equal(error.code, 'ECONNREFUSED');
  const four = descriptorOf(openListener(kernel, addressOf('0.0.0.0', port), false));
  for (const [host, fd, peer] of [
    ['127.0.0.1', four, '127.0.0.1'],
    ['::1', six, '::1'],
  ] as const) {
    const client = connect({ host, port });
    await once(client, 'connect');
    const accepted = kernel.accept(fd);
    t.ok(accepted >= 0, host);
    t.equal(kernel.acceptedPeer()?.ip, peer);
    t.equal(kernel.acceptedPeer()?.port, client.localPort);
    kernel.close(accepted);
    client.destroy();
  }
  kernel.close(four);
  kernel.close(six);
});

t.test('shared listeners take one port together and the kernel spreads connections over them', async (t) => {
  const first = descriptorOf(openListener(kernel, addressOf('127.0.0.1', 0), true));
  const address = addressOf('127.0.0.1', portOf(first));
  const second = descriptorOf(openListener(kernel, address, true));
  t.match(openListener(kernel, address, false), { ok: false, clash: true }, 'not with one that does not share');
  const counts = [0, 0];
  for (let i = 0; i < 64; i++) {
    const client = kernel.socket(4);
    kernel.connect(client, address);
    for (const [which, listener] of [first, second].entries()) {
      const fd = kernel.accept(listener);
      if (fd >= 0) {
        counts[which] = (counts[which] ?? 0) + 1;
        kernel.close(fd);
      } else if (fd !== -errno.EAGAIN) t.fail(`accept answers ${fd}`);
    }
    kernel.close(client);
  }
  t.equal((counts[0] ?? 0) + (counts[1] ?? 0), 64);
  t.ok(Math.min(...counts) > 0, `spread ${counts}`);
  kernel.close(first);
  kernel.close(second);
});

t.test('a listener can be opened again at once while connections of the last one wait to die', async (t) => {
  const first = descriptorOf(openListener(kernel, addressOf('127.0.0.1', 0), false));
  const address = addressOf('127.0.0.1', portOf(first));
  const client = kernel.socket(4);
  kernel.connect(client, address);
  const server = kernel.accept(first);
  kernel.close(server);
  kernel.close(first);
  const again = openListener(kernel, address, false);
  t.ok(again.ok, again.ok ? '' : again.sentence);
  kernel.close(client);
  kernel.close(descriptorOf(again));
});
