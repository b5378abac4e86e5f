import t from 'tap';
import { formatTap } from '../../../src/cli/format-tap.ts';
import type { TapRecord } from '../../../src/contract/tap-messages.ts';
import { failureRecord } from '../../helpers/failure-record.ts';

const FINE: Partial<TapRecord> = { flag: '', sentence: '', status: 200 };

function line(overrides: Partial<TapRecord>, colour = false): string {
  return formatTap({ ...failureRecord(), caller: 'shop/web', ...overrides }, { colour });
}

t.test('one line each', async (t) => {
  for (const [record, text] of [
    [
      {},
      '08:00:00.000  503 UF     1.5ms  shop/web -> shop/orders  GET orders.shop/a?x=1  at 10.0.0.5:8080  10.0.0.5:8080 refused the connection (towpath why 0123456789a-1)\n',
    ],
    [FINE, '08:00:00.000  200        1.5ms  shop/web -> shop/orders  GET orders.shop/a?x=1  at 10.0.0.5:8080\n'],
    [
      { ...FINE, direction: 'inbound', route: 'shop/r/0', attempts: 3, service: 'shop/orders-1', caller: '10.0.0.1' },
      '08:00:00.000  200        1.5ms  10.0.0.1 -> shop/orders-1 (inbound)  GET orders.shop/a?x=1  at 10.0.0.5:8080, by shop/r/0, 3 tries\n',
    ],
    [
      { ...FINE, grpcStatus: 14, endpoint: '' },
      '08:00:00.000  grpc 14    1.5ms  shop/web -> shop/orders  GET orders.shop/a?x=1\n',
    ],
    [
      {
        ...FINE,
        kind: 'connection',
        ending: 'closed',
        verdict: 'opaque server-first',
        service: '',
        bytesReceived: 2048,
      },
      '08:00:00.000  closed     1.5ms  shop/web -> 240.240.0.1:80  opaque in 2.0KiB out 40B  at 10.0.0.5:8080\n',
    ],
  ] as const)
    t.equal(line(record), text);
});

t.test('colours by outcome, and only when they are wanted', async (t) => {
  t.notMatch(line({}), '\u001b');
  for (const [record, code] of [
    [{}, 31],
    [FINE, 32],
    [{ ...FINE, flag: 'DI' }, 32],
    [{ ...FINE, status: 404 }, 33],
    [{ ...FINE, status: 500 }, 31],
    [{ ...FINE, grpcStatus: 0 }, 32],
    [{ ...FINE, grpcStatus: 13 }, 31],
    [{ ...FINE, status: 0, flag: 'DC' }, 31],
    [{ ...FINE, kind: 'connection', ending: 'closed' }, 32],
    [{ ...FINE, kind: 'connection', ending: 'reset' }, 31],
  ] as const)
    t.match(line(record, true), `\u001b[${code}m`, JSON.stringify(record));
});

t.test('texts from outside neither break the line nor steer the terminal', async (t) => {
  const hostile = {
    authority: '\u001b]0;x\u0007',
    caller: '\u001b[31mx\n',
    service: '\r',
    endpoint: '\u009b2J',
    route: '\n',
  };
  const text = line({ ...hostile, target: '/\u001b[2J\n\r\u0007', sentence: '\u001b[2J', time: '\u001b'.repeat(30) });
  t.notMatch(text.trimEnd(), /\p{Cc}/u);
  t.equal(
    line({ ...hostile, flag: '\u001b[9', ending: '\n' }, true).split('\u001b').length,
    5,
    'two colours, and their ends',
  );
});
