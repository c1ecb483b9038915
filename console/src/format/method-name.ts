/**
 * Text with its fully qualified methods shortened for rows that have little room: `live.room.v1.RoomService/GetRoom` becomes
 * `RoomService/GetRoom`. Everything else stays, as do routes. Details show the text as it is.
 */
export function shortenMethods(text: string): string {
  return text.replace(qualified, '');
}

/** A package in front of `Service/Method`. */
const qualified = /\b[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*\.(?=[A-Z]\w*\/[A-Za-z])/g;
