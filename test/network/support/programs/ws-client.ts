/** Run inside a host: sends messages of several sizes to a WebSocket echo, checks each answer, and prints how it closed. */
const socket = new WebSocket(process.argv[2] ?? '');
socket.binaryType = 'arraybuffer';

/** Around the limits of the frame header, of the proxy's buffers, and one that is bulk. */
const SIZES = [0, 1, 125, 126, 65_535, 65_536, 300_000, 5_000_000];

async function answer(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.onmessage = (event) => resolve(event.data);
    socket.onclose = (event) => reject(new Error(`closed with ${event.code}`));
  });
}

await new Promise((resolve, reject) => {
  socket.onopen = resolve;
  socket.onerror = () => reject(new Error('no WebSocket'));
});
for (const size of SIZES) {
  const sent = Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 255);
  const received = answer();
  socket.send(sent);
  const data = await received;
  if (!(data instanceof ArrayBuffer) || Buffer.compare(Buffer.from(data), sent) !== 0) {
    throw new Error(`the echo of ${size} bytes is not what was sent`);
  }
}
const closed = new Promise<CloseEvent>((resolve) => {
  socket.onclose = resolve;
});
socket.close(4242, 'enough');
const { code, wasClean } = await closed;
process.stdout.write(`${SIZES.length} echoes, closed with ${code}, ${wasClean ? 'clean' : 'not clean'}\n`);
