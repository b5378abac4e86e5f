/** A process that holds every connection it can accept; prints `{port}` and then its counters as JSON lines when they change. */
import { writeSync } from 'node:fs';
import { Recorder } from './recorder.ts';
import { createWorld, listen } from './world.ts';

const world = createWorld();
const counters = { accepted: 0, shed: 0, open: 0 };
const address = listen(
  world,
  '127.0.0.1',
  (socket) => {
    counters.accepted++;
    const recorder = new Recorder(world);
    recorder.on.end = (self) => world.reactor.close(self);
    recorder.on.error = (self) => world.reactor.close(self);
    socket.handler = recorder;
  },
  () => void counters.shed++,
);
if (process.argv[2] === 'reserve') world.descriptors.takeReserve(world.kernel);
writeSync(1, `${JSON.stringify({ port: address.port })}\n`);
let last = '';
world.reactor.onTurn = () => {
  counters.open = world.reactor.openSockets;
  const line = `${JSON.stringify(counters)}\n`;
  if (line !== last) writeSync(1, line);
  last = line;
};
world.reactor.run();
