// The carrier: shows nothing, hands over what it was given. One message: the length of a JSON text in four bytes, the
// text, then all bytes that its parts point into.

export default function ({ data }) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), begin = 4 + length;
  const { name, parts, blobs } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, begin)));
  if (assets.has(name)) return;
  for (const [part, [from, to]] of Object.entries(blobs)) parts[part] = bytes.subarray(begin + from, begin + to);
  assets.put(name, parts);
}
