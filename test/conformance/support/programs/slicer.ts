/** A TCP relay that passes every byte on alone, both ways. Usage: node slicer.ts LISTEN-PORT TARGET-HOST TARGET-PORT. Prints `listening`. */
import { connect, createServer, type Socket } from 'node:net';

const [listen = '', host = '', port = ''] = process.argv.slice(2);

/** Each byte is written when the one before has left, so that segments hold one byte. */
function slice(from: Socket, to: Socket): void {
  to.setNoDelay(true);
  from.on('data', (bytes: Buffer) => {
    from.pause();
    const step = (at: number): void => {
      if (at === bytes.length) return void from.resume();
      to.write(bytes.subarray(at, at + 1), () => setImmediate(step, at + 1));
    };
    step(0);
  });
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroySoon());
}

createServer({ allowHalfOpen: true }, (client) => {
  const server = connect({ host, port: Number(port), allowHalfOpen: true });
  slice(client, server);
  slice(server, client);
}).listen(Number(listen), '127.0.0.1', () => process.stdout.write('listening\n'));
