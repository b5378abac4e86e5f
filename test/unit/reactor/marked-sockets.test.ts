import { readFileSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import t from 'tap';
import { MarkedSockets } from '../../../src/reactor/marked-sockets.ts';

t.test('a socket of either family is opened, close-on-exec and non-blocking', async (t) => {
  const sockets = new MarkedSockets(0);
  for (const family of [4, 6] as const) {
    const fd = sockets.open(family);
    t.match(readlinkSync(`/proc/self/fd/${fd}`), /^socket:/);
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
    t.equal(Number.parseInt(flags, 8) & 0o2004000, 0o2004000);
    const settings = { fd, manualStart: true };
    new Socket(settings).destroy();
  }
});
