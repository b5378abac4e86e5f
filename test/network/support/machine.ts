/** A lab host as if it were a whole machine: with an /etc, a /var/lib and a systemctl of its own, for commands as they stand in documents. */
import { join } from 'node:path';
import type { HostProcess } from './host-process.ts';
import type { TestLab } from './lab.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const SYSTEMCTL = join(import.meta.dirname, 'programs', 'systemctl.sh');
const LIMIT_MS = 120_000;

/** Seen by this shell and what it starts alone. */
const SET_UP = `set -eu
mount -t tmpfs -o mode=755 machine /var/lib
mkdir -p /var/lib/machine/etc /var/lib/machine/bin
cp -a /etc/. /var/lib/machine/etc
mount --bind /var/lib/machine/etc /etc
install -m 755 ${SYSTEMCTL} /var/lib/machine/bin/systemctl
export PATH=/var/lib/machine/bin:$PATH TOWPATH_UNITS=${ROOT}/systemd
set +e
`;

export class Machine {
  readonly #lab: TestLab;
  readonly #shell: HostProcess;
  #count = 0;

  constructor(lab: TestLab, host: string) {
    this.#lab = lab;
    this.#shell = lab.spawn(host, ['unshare', '--mount', 'bash']);
    this.#shell.write(SET_UP);
  }

  /** What the commands printed; the first that fails ends them. @throws Error with everything that was printed */
  async run(commands: string): Promise<string> {
    const mark = `end-of-${++this.#count}`;
    const from = this.#shell.stdout.length;
    this.#shell.write(`( set -eu\n${commands}\n)\necho "${mark} $?"\n`);
    const ended = new RegExp(`^${mark} (\\d+)$`, 'm');
    const [printed, status] = await this.#lab.waitFor(commands, LIMIT_MS, async () => {
      const text = this.#shell.stdout.slice(from);
      const found = ended.exec(text);
      return found === null ? null : ([text.slice(0, found.index), found[1]] as const);
    });
    if (status !== '0') throw new Error(`${commands}\nstatus ${status}\n${printed}\n${this.#shell.stderr}`);
    return printed;
  }
}
