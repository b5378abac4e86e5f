/**
 * Run inside a host: requests URLs in turn so many times a second, whatever becomes of them, until standard input ends; then reports as JSON
 * when those had been sent that were answered with 200, and with 429.
 *
 *     node steady-load.ts PER_SECOND URL...
 */
import { Agent, get } from 'node:http';

const [perSecond = '1', ...urls] = process.argv.slice(2);
/** For each host. */
const SOCKETS = 8;
/** Requests under way; when the machine does not keep up, those that are due wait. */
const MAX_UNDER_WAY = 64;
const TICK_MS = 5;

const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
const report = {
  /** ms since 1970, in the order of the answers. */
  passed: [] as number[],
  refused: [] as number[],
  /** Answers by status, and failures by their message. */
  answers: {} as Record<string, number>,
  /** Header fields and body of the last answer 429. */
  refusal: {} as Record<string, unknown>,
};
let underWay = 0;

function note(answer: string): void {
  underWay--;
  report.answers[answer] = (report.answers[answer] ?? 0) + 1;
}

function requestOnce(): void {
  const sentAt = Date.now();
  underWay++;
  const exchange = get(urls[sent % urls.length] ?? '', { agent }, (response) => {
    const { statusCode = 0, headers } = response;
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      if (statusCode !== 200) body += text;
    });
    response.on('end', () => {
      if (statusCode === 200) report.passed.push(sentAt);
      if (statusCode === 429) {
        report.refused.push(sentAt);
        report.refusal = { ...headers, body };
      }
      note(String(statusCode));
    });
  });
  exchange.on('error', (error) => note(error.message));
}

const begunAt = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const due = ((performance.now() - begunAt) / 1000) * Number(perSecond);
  for (; sent < due && underWay < MAX_UNDER_WAY; sent++) requestOnce();
  if (sent === 1) process.stderr.write('began\n');
}, TICK_MS);
process.stdin.resume().on('end', () => {
  clearInterval(timer);
  const whole = setInterval(() => {
    if (underWay > 0) return;
    clearInterval(whole);
    agent.destroy();
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }, TICK_MS);
});
