import t from 'tap';
import { Alarm } from '../../../../src/proxy/exchange/alarm.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';

for (const [ms, what] of [
  [7, 'short'],
  [180, 'long'],
] as const) {
  t.test(`a ${what} alarm rings once, and not before its time`, async (t) => {
    const rig = new ProxyRig();
    const rings: number[] = [];
    const from = performance.now();
    const alarm = new Alarm(rig.context, () => rings.push(performance.now() - from));
    alarm.set(ms);
    await rig.until(() => rings.length > 0, 'the ring');
    await new Promise((resolve) => setTimeout(resolve, 30));
    t.equal(rings.length, 1);
    t.ok(rings[0] > ms - 3, `${rings[0]} ms`);
    await rig.end();
  });

  t.test(`a ${what} alarm that is taken back or set anew`, async (t) => {
    const rig = new ProxyRig();
    let rings = 0;
    const alarm = new Alarm(rig.context, () => rings++);
    alarm.set(ms);
    alarm.clear();
    await new Promise((resolve) => setTimeout(resolve, ms + 120));
    t.equal(rings, 0);
    for (let i = 0; i < 5; i++) alarm.set(ms);
    await rig.until(() => rings > 0, 'the ring');
    await new Promise((resolve) => setTimeout(resolve, 60));
    t.equal(rings, 1);
    alarm.clear();
    await rig.end();
  });
}
