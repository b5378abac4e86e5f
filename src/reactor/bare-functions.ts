/**
 * Native functions as node:ffi holds them, without the JavaScript that it puts around each (docs/adr/0017). That JavaScript checks and
 * converts every argument; for more than three it also makes an array of them and leaves V8's fast call into native code.
 */

/**
 * Runs `bind` (node:ffi's dlopen) and returns what it has returned, with the native function itself in place of each that was put around
 * one; where it cannot be found, what node:ffi gave stays. A bare function truncates numbers that do not fit its signature: callers see to it
 * that they do.
 *
 * node:ffi asks a native function for properties that it does not have before it puts anything around it. For that moment the end of the
 * functions' prototype chain is ours, and is asked too.
 */
export function bindBare<T extends Readonly<Record<string, unknown>>>(bind: () => T): T {
  const heard = new Set<object>();
  const end: object | null = Object.getPrototypeOf(Function.prototype);
  const listener = new Proxy(end ?? {}, {
    get(target, key, asked: unknown) {
      if (typeof asked === 'function' && Object.hasOwn(asked, 'pointer')) heard.add(asked);
      return Reflect.get(target, key, asked);
    },
  });
  Object.setPrototypeOf(Function.prototype, listener);
  let bound: T;
  try {
    bound = bind();
  } finally {
    Object.setPrototypeOf(Function.prototype, end);
  }
  const found = [...heard];
  const bare = Object.entries(bound).map(([name, put]) => [name, found.find((one) => isSame(one, put)) ?? put]);
  // A copy of the copy: an object made name by name is a dictionary, in which V8 takes no function for constant.
  return { ...Object.fromEntries(bare) } as T;
}

/** Both name the same symbol at the same address. */
function isSame(one: object, other: unknown): boolean {
  if (typeof other !== 'function') return false;
  return Reflect.get(one, 'pointer') === Reflect.get(other, 'pointer') && Reflect.get(one, 'name') === other.name;
}
