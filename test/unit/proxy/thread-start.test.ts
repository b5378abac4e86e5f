import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { sharedNow } from '../../../src/proxy/thread-start.ts';

t.test('all threads of the process read the same clock', async (t) => {
  const url = new URL('../../../src/proxy/thread-start.ts', import.meta.url).href;
  const code = `import(${JSON.stringify(url)}).then(({ sharedNow }) =>
    require('node:worker_threads').parentPort.postMessage(sharedNow()))`;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = sharedNow();
  const worker = new Worker(code, { eval: true });
  const [theirs] = (await once(worker, 'message')) as [number];
  const after = sharedNow();
  t.ok(theirs >= before - 1 && theirs <= after + 1, `${before} <= ${theirs} <= ${after}`);
});
