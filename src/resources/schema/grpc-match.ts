import { z } from '../../core/schema.ts';
import { pathOfCall } from '../path-of-call.ts';
import type { GRPCMethodMatch, GRPCRouteMatch } from '../route-types.ts';
import { defined } from './defined.ts';
import { type PatternAt, patternsOfValues } from './pattern.ts';
import { headerMatches } from './value-match.ts';

const SERVICE = /^\.?[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*$/;
const METHOD = /^[A-Za-z_][A-Za-z_0-9]*$/;
const name = z.string().min(1).max(1024).optional();

const method = z
  .strictObject({ type: z.enum(['Exact', 'RegularExpression']).default('Exact'), service: name, method: name })
  .superRefine((value, ctx) => {
    if (value.service === undefined && value.method === undefined) {
      ctx.addIssue({ code: 'custom', message: 'one of service and method must be there' });
    }
    for (const field of ['service', 'method'] as const) {
      const text = value[field];
      if (text === undefined || value.type === 'RegularExpression') continue;
      if (!(field === 'service' ? SERVICE : METHOD).test(text)) {
        const example = field === 'service' ? 'shop.v1.Orders' : 'GetOrder';
        ctx.addIssue({ code: 'custom', message: `must be a name such as ${example}`, path: [field] });
      }
    }
  })
  .transform(({ type, service, method }): GRPCMethodMatch => ({ type, ...defined({ service, method }) }));

export const grpcMatch = z
  .strictObject({ method: method.optional(), headers: headerMatches })
  .transform(({ method, headers }): GRPCRouteMatch => ({ ...(method === undefined ? {} : { method }), headers }));

export const MATCH_EVERY_CALL: GRPCRouteMatch = { headers: [] };

/** The regular expressions of a match, and the one that its two names come to: two good halves may be too much together. */
export function patternsOfGrpcMatch({ method, headers }: GRPCRouteMatch): PatternAt[] {
  const ofHeaders = patternsOfValues(headers, 'headers');
  if (method === undefined || method.type !== 'RegularExpression') return ofHeaders;
  const names = (['service', 'method'] as const).flatMap((field): PatternAt[] => {
    const text = method[field];
    return text === undefined ? [] : [{ text, path: ['method', field] }];
  });
  const both = names.length > 1 ? [{ text: pathOfCall(method).value, path: ['method'] }] : [];
  return [...names, ...both, ...ofHeaders];
}
