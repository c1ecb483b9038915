/** RFC 6455 section 5.2. */
export const Opcode = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** Bits of the first byte of a frame. */
export const fin = 0x80;
export const rsv1 = 0x40;
export const rsv2And3 = 0x30;

/** The longest payload of a control frame (section 5.5). */
export const maxControlBytes = 125;
