/** Run inside a host: connects `count` times, says nothing, and prints ms from connect() to the server's first byte, one line each. */
import { connect } from 'node:net';

const [host = '', port = '0', count = '1'] = process.argv.slice(2);

function measureOnce(): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const socket = connect({ host, port: Number(port) });
    socket.once('error', reject);
    socket.once('data', () => {
      resolve(performance.now() - started);
      socket.destroy();
    });
  });
}

for (let i = 0; i < Number(count); i++) process.stdout.write(`${(await measureOnce()).toFixed(2)}\n`);
