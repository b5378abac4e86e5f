/** Who listens, by the kernel's own table: a probing connection would be a stranger to a server under test. */
import { readFileSync } from 'node:fs';

const LISTEN = '0A';

export function isListening(port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/self/net/tcp', '/proc/self/net/tcp6'].some((table) =>
    readFileSync(table, 'utf8')
      .split('\n')
      .some((line) => {
        const [, local = '', , state] = line.trim().split(/\s+/);
        return state === LISTEN && local.endsWith(wanted);
      }),
  );
}
