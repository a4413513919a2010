// Frames of points that are on the move, by channel: whoever shows a channel hears of every frame, and of the last at once.

const channels = (globalThis.aecoreChannels ??= new Map());

function channel(name) {
  if (!channels.has(name)) channels.set(name, { last: null, listeners: new Set() });
  return channels.get(name);
}

// A frame: { text, share }, and once points are moving { coordinates, low, step }.
function tellFrame(name, frame) {
  const one = channel(name);
  one.last = frame;
  for (const hear of one.listeners) hear(frame);
}

// Calls `hear` until the returned function is called.
function hearFrames(name, hear) {
  const one = channel(name);
  one.listeners.add(hear);
  if (one.last) hear(one.last);
  return () => one.listeners.delete(hear);
}
