// The carrier: shows nothing, hands over what it was given. Bytes arrive as Uint8Array, the rest as it was.

export default function ({ data }) {
  const { name, ...parts } = data;
  if (!assets.has(name)) assets.put(name, parts);
}
