/** Matches over real connections, where the two protocols say the same in different ways. */
import t from 'tap';
import { check } from './support/http2-rig.ts';
import { type Protocol, routeRig, rules } from './support/route-rig.ts';

const regex = 'RegularExpression' as const;
const direct = (body: string) => ({ answer: { type: 'direct', status: 200, body } as const });

for (const client of ['http1', 'http2'] as readonly Protocol[]) {
  t.test(`${client}: host, cookies, headers and paths by text and by pattern`, async (t) => {
    const http = rules(
      [{ headers: [{ name: 'host', value: 'b.example' }] }, direct('host')],
      [{ headers: [{ name: 'host', value: '[a-z]+\\.example:81', type: regex }] }, direct('host pattern')],
      [{ cookies: [{ name: 'group', value: 'b' }] }, direct('cookie')],
      [{ cookies: [{ name: 'group', value: '[cd]', type: regex }] }, direct('cookie pattern')],
      [{ path: { type: regex, value: '/item/[0-9]+' } }, direct('path pattern')],
      [{ headers: [{ name: 'x-v', value: 'v[0-9]', type: regex }] }, direct('header pattern')],
      [{ query: [{ name: 'q', value: 'a.*', type: regex }] }, direct('query pattern')],
      [{}, direct('rest')],
    );
    const { rig, ask } = await routeRig(client, 'http1', http);
    for (const [request, wanted] of [
      [{ ':authority': 'b.example' }, 'host'],
      [{ ':authority': 'abc.example:81' }, 'host pattern'],
      [{ ':authority': 'b.example:82' }, 'rest'],
      [{ cookie: 'a=1; group=b' }, 'cookie'],
      [{ cookie: 'group=d; group=b' }, 'cookie pattern'],
      [{ ':path': '/item/7?x' }, 'path pattern'],
      [{ ':path': '/item/7/x' }, 'rest'],
      [{ 'x-v': 'v7' }, 'header pattern'],
      [{ ':path': '/?q=abc' }, 'query pattern'],
    ] as const) {
      t.equal((await ask(request)).body, wanted, JSON.stringify(request));
    }
    await check(t, rig);
  });
}
