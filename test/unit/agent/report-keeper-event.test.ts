import t from 'tap';
import { reportKeeperEvent } from '../../../src/agent/report-keeper-event.ts';
import type { KeeperEvent } from '../../../src/intercept/index.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

const CASES: readonly (readonly [event: KeeperEvent, level: string, message: RegExp])[] = [
  [{ type: 'drift', differences: ['-A X'] }, 'warn', /changed/],
  [{ type: 'repaired', bypassMs: 12 }, 'warn', /put back/],
  [{ type: 'repair-failed', message: 'no iptables' }, 'error', /could not be put back/],
  [{ type: 'lease-failed', message: 'no set' }, 'error', /programs talk directly/],
  [{ type: 'lease-restored' }, 'info', /again/],
];

t.test('what happens to the rules is logged as loudly as it matters', async (t) => {
  for (const [event, level, message] of CASES) {
    const { logger, lines } = recordingLogger();
    reportKeeperEvent(event, logger);
    t.equal(lines.length, 1);
    t.match(lines[0], { level, message }, event.type);
  }
});
