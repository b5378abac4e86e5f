import t from 'tap';
import { type AdminSubject, answerAdmin } from '../../../../src/agent/admin/admin-routes.ts';
import type { LogLevel } from '../../../../src/config/agent-config.ts';
import { UserError } from '../../../../src/core/errors.ts';

function setUp() {
  const calls: string[] = [];
  let level: LogLevel = 'info';
  const subject: AdminSubject = {
    config: () => ({ mesh: 'shop' }),
    status: async () => ({ phase: 'running' }),
    dump: async () => ({ views: [] }),
    explain: async (body) => {
      if (JSON.stringify(body).includes('nonsense')) throw new UserError({ code: 'X', message: 'no question' });
      return body;
    },
    why: (id) => ({ records: [], asked: id }),
    logLevel: () => level,
    setLogLevel: (next) => {
      level = next;
    },
    drain: () => void calls.push('drain'),
  };
  const ask = async (line: string, host = '127.0.0.1:15000', origin: string | null = null) => {
    const [method = '', target = ''] = line.split(' ');
    const { pathname, searchParams } = new URL(target, 'http://agent');
    return answerAdmin(subject, { method, path: pathname, query: searchParams, host, accept: '', origin });
  };
  return { ask, calls };
}

t.test('each path answers with JSON', async (t) => {
  const { ask } = setUp();
  t.strictSame(JSON.parse((await ask('GET /config')).body), { mesh: 'shop' });
  t.strictSame(JSON.parse((await ask('GET /status')).body), { phase: 'running' });
  t.strictSame(JSON.parse((await ask('GET /dump')).body), { views: [] });
  t.equal((await ask('HEAD /status')).status, 200);
});

t.test('the log level is shown, changed, and not changed to nonsense', async (t) => {
  const { ask } = setUp();
  t.match(await ask('POST /loglevel?level=debug'), { status: 200, body: /"debug"/ });
  t.match(await ask('GET /loglevel'), { body: /"debug"/ });
  t.match(await ask('POST /loglevel?level=loud'), { status: 400, body: /one of debug, info/ });
  t.match(await ask('POST /loglevel'), { status: 400 });
  t.match(await ask('GET /loglevel'), { body: /"debug"/ });
});

t.test('a question is made of the query', async (t) => {
  const { ask } = setUp();
  const answer = await ask('GET /explain?authority=orders.shop&path=%2Fa%3Fb&header=x-a:%201&header=y&method=POST');
  t.strictSame(JSON.parse(answer.body), {
    method: 'POST',
    authority: 'orders.shop',
    path: '/a?b',
    headers: [
      ['x-a', '1'],
      ['y', ''],
    ],
  });
  t.match(await ask('GET /explain?authority=nonsense'), { status: 400, body: 'no question\n' });
});

t.test('draining needs a POST', async (t) => {
  const { ask, calls } = setUp();
  t.equal((await ask('GET /drain')).status, 405);
  t.strictSame(calls, []);
  t.equal((await ask('POST /drain')).status, 202);
  t.strictSame(calls, ['drain']);
});

t.test('an unknown path lists the known ones', async (t) => {
  const { ask } = setUp();
  t.match(await ask('GET /'), { status: 404, body: /GET \/config\n/ });
  t.equal((await ask('DELETE /config')).status, 405);
  t.equal((await ask('GET /constructor')).status, 404);
});

t.test('web pages are refused, by their origin and by the name they call us', async (t) => {
  const { ask, calls } = setUp();
  t.equal((await ask('POST /drain', '127.0.0.1:15000', 'http://evil.example')).status, 403);
  t.equal((await ask('POST /drain', 'rebound.example:15000')).status, 403);
  t.equal((await ask('POST /drain', '')).status, 403);
  t.strictSame(calls, []);
  for (const host of ['localhost', 'localhost:15000', '127.0.0.1', '[::1]:15000']) {
    t.equal((await ask('GET /config', host)).status, 200, host);
  }
});
