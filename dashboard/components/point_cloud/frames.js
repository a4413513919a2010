// Hands a frame over to the clouds. One message: the length of a JSON text in four bytes, the text, then the coordinates.

export default function ({ data }) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { channel: name, ...frame } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  tellFrame(name, frame.low ? { ...frame, coordinates: bytes.subarray(4 + length) } : frame);
}
