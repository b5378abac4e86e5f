import type { Problem } from '../core/errors.ts';

/** An error stops some traffic; a warning is probably not what was meant; info explains. */
export interface Finding extends Problem {
  readonly level: 'error' | 'warning' | 'info';
}
