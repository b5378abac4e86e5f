/** `npm run bench:control`: control and the links of a fleet on one machine, measured from the operator's side. */
import { writeFileSync } from 'node:fs';
import { UsageError } from '../options.ts';
import { measureCompile } from './measure-compile.ts';
import { measureFleet } from './measure-fleet.ts';
import { measureGrowth } from './measure-growth.ts';
import { HELP, type Part, parseOptions } from './options.ts';
import { renderFindings, verdictsOf } from './report.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const say = (text: string): void => void process.stderr.write(`bench:control: ${text}\n`);
  const has = (part: Part): boolean => options.parts.includes(part);
  const findings = {
    options,
    compile: has('compile') ? options.sizes.map((size) => measureCompile(size, 200)) : [],
    growth: has('growth') ? await measureGrowth(options, say) : [],
    fleet: has('fleet') ? await measureFleet(options, say) : null,
  };
  const verdicts = verdictsOf(findings);
  process.stdout.write(renderFindings(findings, verdicts));
  if (options.jsonFile !== null)
    writeFileSync(options.jsonFile, `${JSON.stringify({ ...findings, verdicts }, null, 2)}\n`);
  return options.check && verdicts.some(({ kept }) => !kept) ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench:control: ${(error as Error).message}\n`);
  if (error instanceof UsageError) process.stderr.write('Try: npm run bench:control -- --help\n');
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
