/** JSON in which an object has a member twice: readers differ in which one counts (RFC 8259 4). Pure. */

const STRING = /"(?:[^"\\]|\\.)*"/y;

/** @param text JSON that was parsed without error */
export function hasRepeatedMembers(text: string): boolean {
  const objects: (Set<string> | null)[] = [];
  let last = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      STRING.lastIndex = i;
      const [found = '"'] = STRING.exec(text) ?? [];
      last = found;
      i += found.length - 1;
    } else if (char === '{') objects.push(new Set());
    else if (char === '[') objects.push(null);
    else if (char === '}' || char === ']') objects.pop();
    else if (char === ':') {
      const members = objects.at(-1);
      const name: unknown = JSON.parse(last);
      if (members?.has(String(name)) === true) return true;
      members?.add(String(name));
    }
  }
  return false;
}
