/** What the demo prints: scenes in plain words, and each check with a tick and its number. */

const TICK = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined ? '\x1b[32m✓\x1b[0m' : '✓';
const CROSS = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined ? '\x1b[31m✗\x1b[0m' : '✗';

export class Report {
  #scene = 0;
  #passed = 0;
  #failed = 0;

  scene(title: string, ...lines: readonly string[]): void {
    this.#scene++;
    console.log(`\n${this.#scene}. ${title}`);
    this.say(...lines);
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) console.log(`   ${line}`);
  }

  /** `number` is what was measured, in words: `100 of 100`. */
  check(what: string, good: boolean, number: string): void {
    if (good) this.#passed++;
    else this.#failed++;
    console.log(`   ${good ? TICK : CROSS} ${what}: ${number}`);
  }

  /** A scene that broke off counts as one failed check. */
  broken(error: unknown): void {
    this.#failed++;
    console.log(`   ${CROSS} the scene broke off: ${error instanceof Error ? error.message : String(error)}`);
  }

  get failed(): number {
    return this.#failed;
  }

  /** The last line of the demo. */
  summary(): string {
    return `demo: ${this.#passed} checks passed, ${this.#failed} failed`;
  }
}
