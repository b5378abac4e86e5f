/** Field schemas that the views share. */
import { isIP } from 'node:net';
import { z } from '../core/schema.ts';

export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const port = z.number().int().min(1).max(65535);
export const name = z.string().min(1).max(253);
export const ip = z
  .string()
  .max(45)
  .refine((address) => isIP(address) !== 0, 'must be an IP address');
export const text = z.string().max(8192);
export const protocol = z.enum(['auto', 'http1', 'http2', 'grpc', 'tls', 'tcp']);
export const weight = z.number().int().min(0).max(1_000_000);
export const percent = z.number().min(0).max(100);
