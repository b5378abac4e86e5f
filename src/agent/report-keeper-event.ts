/** What happens to the interception rules, in the log. */
import { assertNever } from '../core/result.ts';
import type { KeeperEvent } from '../intercept/index.ts';
import type { Logger } from '../telemetry/logger.ts';

export function reportKeeperEvent(event: KeeperEvent, logger: Logger): void {
  switch (event.type) {
    case 'drift':
      return logger.warn({ differences: event.differences }, 'somebody changed the interception rules');
    case 'repaired':
      return logger.warn({ bypassMs: event.bypassMs }, 'the interception rules are put back');
    case 'repair-failed':
      return logger.error({ reason: event.message }, 'the interception rules could not be put back; trying again');
    case 'lease-failed':
      return logger.error(
        { reason: event.message },
        'the interception lease cannot be refreshed: programs talk directly',
      );
    case 'lease-restored':
      return logger.info('the interception lease is refreshed again');
    default:
      return assertNever(event);
  }
}
