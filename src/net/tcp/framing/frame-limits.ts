import type { StatusError } from '../../../errors/index.ts';
import { TcpErrors } from '../tcp-errors.ts';

const most = 0x7fffffff;

export function checkMaxBytes(where: string, maxBytes: number): void {
  if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > most)
    throw new RangeError(`${where}: maxBytes ${maxBytes} is not a whole number from 1 to ${most}`);
}

export function tooLarge(maxBytes: number): StatusError {
  return TcpErrors.FRAME_TOO_LARGE(`the message is larger than ${maxBytes} bytes`);
}

export function truncated(): StatusError {
  return TcpErrors.TRUNCATED_FRAME('the stream ended in the middle of a message');
}
