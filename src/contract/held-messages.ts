/** What is said about removals that are held: `control.service.confirm`, and the part of the mesh's status. */
import { z } from '../core/schema.ts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A service of which most endpoints fell silent at once: they stay in force until they are heard again or confirmed. */
export const heldServiceSchema = z.object({
  /** `<namespace>/<name>` */
  service: z.string(),
  endpoints: count,
  hosts: z.array(z.string()),
  heldSeconds: count,
});
export type HeldService = z.infer<typeof heldServiceSchema>;

export const confirmRequestSchema = z.strictObject({
  namespace: z.string().min(1).max(63).default('default'),
  name: z.string().min(1).max(253),
});

export const confirmReplySchema = z.object({
  service: z.string(),
  /** Endpoints that were taken out. */
  removed: count,
});
