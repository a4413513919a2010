// Large things that several components share: pictures, weights, coordinates. A carrier puts them down under a name,
// whoever needs one waits for it. They outlive the components, the latest few of them.

const assets = (globalThis.aecoreAssets ||= (() => {
  const MOST = 24;
  const kept = new Map(), waiting = new Map();
  return {
    put(name, parts) {
      kept.delete(name);
      kept.set(name, parts);
      while (kept.size > MOST) kept.delete(kept.keys().next().value);
      waiting.get(name)?.forEach((resolve) => resolve(parts));
      waiting.delete(name);
    },
    has: (name) => kept.has(name),
    get(name) {
      const parts = kept.get(name);
      if (parts) {
        kept.delete(name); // to the end: used last
        kept.set(name, parts);
        return Promise.resolve(parts);
      }
      return new Promise((resolve) => waiting.set(name, [...(waiting.get(name) ?? []), resolve]));
    },
  };
})());
