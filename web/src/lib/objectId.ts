const ids = new WeakMap<object, number>();
let last = 0;

/** A number that identifies an object. */
export function objectId(object: object): number {
  const id = ids.get(object) ?? ++last;
  ids.set(object, id);
  return id;
}
