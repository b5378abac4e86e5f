import { z } from '../../core/schema.ts';
import { ignored, unsupported } from './fields.ts';

/** Enough for every use here, and far below what a message of NATS can carry. */
const MAX_BYTES = 256 * 1024;

const NAME = /^[A-Za-z0-9._-]{1,253}$/;

/** The contents of a ConfigMap: texts by name. They lie beside `metadata`, not in a `spec`. */
export const configMapData = z.record(z.string(), z.string()).superRefine((data, ctx) => {
  const bytes = Object.entries(data).reduce((sum, [k, v]) => sum + Buffer.byteLength(k) + Buffer.byteLength(v), 0);
  for (const [name, text] of Object.entries(data)) {
    const message = !NAME.test(name)
      ? 'the name must be 1 to 253 letters, digits, "-", "_" and "."'
      : text.includes('PRIVATE KEY-----')
        ? 'private keys do not belong here: everybody may read this'
        : null;
    if (message !== null) ctx.addIssue({ code: 'custom', message, path: [name] });
  }
  if (bytes > MAX_BYTES) ctx.addIssue({ code: 'custom', message: 'the texts exceed 256 KiB together' });
});

export const configMapFields = {
  data: configMapData.default({}),
  immutable: ignored,
  binaryData: unsupported('binary data is not supported: certificates are text in PEM form'),
} as const;
