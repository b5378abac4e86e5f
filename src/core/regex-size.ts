/** How large a pattern becomes when its counted repetitions are written out, estimated from its text alone. */

const COUNT = /\{(\d{1,9})(?:,(\d{0,9}))?\}/y;

/** Sum of the sizes of a group's parts, and the size of the last part, which a repetition would multiply. */
interface Group {
  total: number;
  last: number;
}

/**
 * About as many steps as RE2 makes of the pattern, in one pass over it. What is no valid pattern gets some number: the engine
 * refuses it.
 */
export function estimateSize(pattern: string): number {
  const outer: Group[] = [];
  let group: Group = { total: 0, last: 0 };
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at];
    if (char === '(') {
      outer.push(group);
      group = { total: 0, last: 0 };
      at++;
    } else if (char === ')') {
      const size = sizeOf(group) + 1;
      group = outer.pop() ?? { total: 0, last: 0 };
      add(group, size);
      at++;
    } else if (char === '{') {
      at += repeat(group, pattern, at);
    } else {
      const end = endOfPart(pattern, at);
      add(group, pattern.startsWith('\\Q', at) ? end - at : 1);
      at = end;
    }
  }
  return outer.reduce((sum, open) => sum + sizeOf(open), sizeOf(group));
}

function sizeOf({ total, last }: Group): number {
  return total + last;
}

function add(group: Group, size: number): void {
  group.total += group.last;
  group.last = size;
}

/** Multiplies the last part by the count at `at`. Returns the length of the count; a brace that is none is a character. */
function repeat(group: Group, pattern: string, at: number): number {
  COUNT.lastIndex = at;
  const match = COUNT.exec(pattern);
  if (match === null) {
    add(group, 1);
    return 1;
  }
  group.last = (group.last + 1) * Math.max(1, Number(match[1]), Number(match[2] ?? 0));
  return match[0].length;
}

/** Offset after the character, escape, quoted text or class at `at`. */
function endOfPart(pattern: string, at: number): number {
  if (pattern[at] === '[') return endOfClass(pattern, at);
  if (pattern[at] !== '\\') return at + 1;
  if (pattern[at + 1] !== 'Q') return at + 2;
  const end = pattern.indexOf('\\E', at);
  return end < 0 ? pattern.length : end + 2;
}

/** A `]` that comes first stands for itself, as does everything in `[:name:]`. */
function endOfClass(pattern: string, at: number): number {
  let i = at + 1;
  if (pattern[i] === '^') i++;
  if (pattern[i] === ']') i++;
  while (i < pattern.length && pattern[i] !== ']') {
    const named = pattern.startsWith('[:', i) ? pattern.indexOf(':]', i) : -1;
    if (named > 0) i = named + 2;
    else i += pattern[i] === '\\' ? 2 : 1;
  }
  return i + 1;
}
