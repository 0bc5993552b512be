/** Objects that throw when code reads a member that they do not have. */

/**
 * @param what the objects are, in words
 * @returns has an object refuse: by its prototype, so that asking for what it has costs no more than otherwise
 */
export function strictPrototype(what: string): <Members extends object>(members: Members) => Members {
  const prototype = new Proxy(
    {},
    {
      get: (target, name, receiver) => {
        if (typeof name === 'symbol' || name === 'then' || name === '__esModule' || name in target)
          return Reflect.get(target, name, receiver) as unknown;
        throw new TypeError(`tools/simulator/workflow-runtime.ts has no ${name} of ${what}: add it`);
      },
    },
  );
  return (members) => {
    Object.setPrototypeOf(members, prototype);
    return members;
  };
}

export function strictObject<Members extends object>(what: string, members: Members): Members {
  return strictPrototype(what)(members);
}
