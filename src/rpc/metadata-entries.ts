/** Names and values in turn, as entries of headers. */
export function* entriesOf(pairs: readonly string[]): Generator<readonly [name: string, text: string]> {
  for (let at = 0; at + 1 < pairs.length; at += 2) yield [pairs[at]!, pairs[at + 1]!];
}
