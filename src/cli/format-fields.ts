/** Changed fields as a unified diff for people. Pure. */
import type { FieldChange } from '../core/diff-values.ts';
import { formatYaml } from '../core/yaml.ts';
import type { CommandIo } from './command.ts';
import { type Colour, paint, plainLines } from './output.ts';

/** `@@ spec.rules[0].timeouts.request @@`, then what was (`-`) and what is (`+`), as YAML. */
export function formatFields(fields: readonly FieldChange[], io: Pick<CommandIo, 'colour'>): string {
  return fields
    .map((field) => {
      const place = paint(io, 'dim', `@@ ${field.path === '' ? 'all of it' : plainLines(field.path)} @@`);
      const before = 'before' in field ? signed('-', field.before, 'red', io) : '';
      const after = 'after' in field ? signed('+', field.after, 'green', io) : '';
      return `${place}\n${before}${after}`;
    })
    .join('');
}

function signed(sign: string, value: unknown, colour: Colour, io: Pick<CommandIo, 'colour'>): string {
  return plainLines(formatYaml(value).trimEnd())
    .split('\n')
    .map((line) => `${paint(io, colour, `${sign}${line}`)}\n`)
    .join('');
}
