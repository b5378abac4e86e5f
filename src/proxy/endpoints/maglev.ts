/** Maglev (Eisenbud et al., NSDI 2016, 3.4), with weights as Envoy has them: a table from hashes to places in a list. */
import { hashText } from './hash-bytes.ts';

/** A prime; Envoy's default. */
export const TABLE_SIZE = 65_537;
const FREE = 0xffff;
/** Places that the table can name. */
const MOST = FREE;
const SKIP_SEED = 0x5eed;

/**
 * Each place gets entries in proportion to its weight. The same names and weights give the same table everywhere.
 * @param names of the places, such as `10.0.0.1:80`; what comes after the 65,535th gets nothing
 * @param weights parallel to `names`, above 0
 */
export function buildMaglev(names: readonly string[], weights: ArrayLike<number>, size = TABLE_SIZE): Uint16Array {
  const table = new Uint16Array(size).fill(FREE);
  const count = Math.min(names.length, MOST);
  if (count === 0) return table;
  const offsets = new Int32Array(count);
  const skips = new Int32Array(count);
  let heaviest = 0;
  for (let i = 0; i < count; i++) {
    offsets[i] = hashText(names[i]) % size;
    skips[i] = (hashText(names[i], SKIP_SEED) % (size - 1)) + 1;
    heaviest = Math.max(heaviest, weights[i]);
  }
  fill(table, offsets, skips, weights, heaviest);
  return table;
}

/** Round by round each place takes the next free entry of its own permutation; a light one sits rounds out. */
function fill(
  table: Uint16Array,
  at: Int32Array,
  skips: Int32Array,
  weights: ArrayLike<number>,
  heaviest: number,
): void {
  const size = table.length;
  const due = new Float64Array(at.length);
  let filled = 0;
  for (let round = 1; ; round++) {
    for (let i = 0; i < at.length; i++) {
      if (round * weights[i] < due[i]) continue;
      due[i] += heaviest;
      const skip = skips[i];
      let entry = at[i];
      while (table[entry] !== FREE) {
        entry += skip;
        if (entry >= size) entry -= size;
      }
      table[entry] = i;
      at[i] = entry;
      if (++filled === size) return;
    }
  }
}
