/** The sections `accessLog` and `tracing` of the agent file. */
import { parseJsonFormat, parseTextFormat } from '../contract/log-format.ts';
import type { Problem } from '../core/errors.ts';
import type { Result } from '../core/result.ts';
import { z } from '../core/schema.ts';

/** A path is part of it: OTLP has one for each kind. */
export const COLLECTOR_URL = /^http:\/\/[^\s/?#]+\/\S*$/;

const percent = z.number().min(0).max(100);
const path = z.string().max(4096).regex(/^\//, 'must be an absolute path, such as /var/log/towpath/access.log');
const template = z.string().max(8192);

export const accessLogSchema = z
  .strictObject({
    stdout: z.boolean().default(false),
    file: path.nullable().default(null),
    /** Into the stream TOWPATH_LOG of the mesh. */
    stream: z.boolean().default(false),
    format: z.enum(['json', 'text']).default('json'),
    /** Of `format: text`; null: Envoy's own. */
    text: template.superRefine(checkText).nullable().default(null),
    /** Of `format: json`: keys, and what each says; null: as Istio has them. */
    json: z.record(z.string().min(1).max(128), template).superRefine(checkJson).nullable().default(null),
    percent: percent.default(100),
    slowMs: z.number().min(1).max(3_600_000).nullable().default(null),
    directions: z
      .array(z.enum(['outbound', 'inbound']))
      .min(1)
      .max(2)
      .default(['outbound', 'inbound']),
  })
  .prefault({});

export const tracingSchema = z
  .strictObject({
    endpoint: z
      .string()
      .max(2048)
      .regex(COLLECTOR_URL, 'must be a URL such as http://127.0.0.1:4318/v1/traces; a collector on this host adds TLS')
      .nullable()
      .default(null),
    percent: percent.default(1),
  })
  .prefault({});

function checkText(text: string, context: z.RefinementCtx): void {
  complain(parseTextFormat(text), context);
}

function checkJson(fields: Readonly<Record<string, string>>, context: z.RefinementCtx): void {
  complain(parseJsonFormat(fields), context);
}

function complain(parsed: Result<unknown, Problem>, context: z.RefinementCtx): void {
  if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.error.message });
}
