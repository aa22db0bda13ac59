/** Byte order of this machine, in which memory shared with its kernel is written. */
export const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
