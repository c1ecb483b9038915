/** A formatted value without zeros behind the point that say nothing, as axes have it: `2.00 ms` becomes `2 ms`, `1.50/s` `1.5/s`. */
export function trimZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '');
}
