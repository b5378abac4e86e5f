import t from 'tap';
import { answerMetrics } from '../../../../src/agent/admin/metrics-routes.ts';

function ask(path: string, ill: readonly string[] = [], hindered: readonly string[] = [], method = 'GET', accept = '') {
  const subject = { metrics: (format: string) => `${format} 1\n`, illnesses: () => ill, hindrances: () => hindered };
  return answerMetrics(subject, { method, path, query: new URLSearchParams(), host: 'x', accept, origin: null });
}

t.test('alive and ready are told apart', async (t) => {
  t.match(await ask('/healthz'), { status: 200, body: 'ok\n' });
  t.match(await ask('/readyz'), { status: 200, body: 'ok\n' });
  t.match(await ask('/healthz', [], ['draining']), { status: 200 });
  t.match(await ask('/readyz', [], ['draining']), { status: 503, body: 'draining\n' });
  t.match(await ask('/healthz', ['hangs']), { status: 503, body: 'hangs\n' });
  t.match(await ask('/readyz', ['hangs'], ['draining']), { status: 503, body: 'hangs\ndraining\n' });
});

t.test('metrics have their content type; anything else is refused', async (t) => {
  t.match(await ask('/metrics'), {
    status: 200,
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    body: 'text 1\n',
  });
  const prometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain';
  t.match(await ask('/metrics', [], [], 'GET', prometheus), {
    status: 200,
    contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    body: 'openmetrics 1\n',
  });
  t.match(await ask('/metrics', [], [], 'POST'), { status: 405 });
  t.match(await ask('/config'), { status: 404 });
});
