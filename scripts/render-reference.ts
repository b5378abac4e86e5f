/** `npm run docs`: writes docs/reference.md from the schemas. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderReference } from './reference/render-reference.ts';

const file = join(import.meta.dirname, '..', 'docs', 'reference.md');
writeFileSync(file, renderReference());
console.log(`wrote ${file}`);
