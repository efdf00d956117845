/**
 * What vitest's reporters need of Node 21 to print a failure, for a guest with Node 20. In vitest's own process alone: what is
 * tested runs in others (a fork has `process.send`), on the Node as it is.
 */
if (process.send === undefined) {
  Map.groupBy ??= (items, keyOf) => {
    const groups = new Map();
    let index = 0;
    for (const item of items) {
      const key = keyOf(item, index++);
      groups.set(key, [...(groups.get(key) ?? []), item]);
    }
    return groups;
  };
}
