/** Throws a RangeError that names the option, its value and the range, both ends included. NaN is in no range. */
export function checkRange(where: string, name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  throw new RangeError(`${where}: ${name} is ${value}; give a number from ${min} to ${max}`);
}
