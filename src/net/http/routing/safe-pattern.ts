/** A group that is open: what it has within. */
interface Group {
  /** An alternative, or a repetition whose number is not fixed: text may match in more than one way. */
  hasChoice: boolean;
}

/**
 * Throws a TypeError for an expression that should not meet a stranger's text: not bound by `^` and `$`, with state, or whose
 * matching could take time exponential in the length of the text. The last is judged with a wide margin: any choice
 * within a group that repeats. What remains takes at worst polynomial time, so bound the length too.
 */
export function refuseUnsafePattern(expression: RegExp): void {
  const { source, flags } = expression;
  const bad = (why: string) => new TypeError(`the pattern ${expression} ${why}`);
  if (/[gmvy]/.test(flags)) throw bad('has a flag that it may not have: g, m, v or y');
  if (!source.startsWith('^') || !/(?<!\\)(?:\\\\)*\$$/.test(source)) throw bad('must begin with ^ and end with $');
  const open: Group[] = [{ hasChoice: false }];
  for (const token of source.match(tokens) ?? []) {
    const group = open.at(-1)!;
    if (token.startsWith('(')) {
      open.push({ hasChoice: false });
    } else if (token === '|') {
      if (open.length === 1) throw bad('has an alternative that ^ and $ do not bind; put a group around it');
      group.hasChoice = true;
    } else if (token.startsWith(')')) {
      open.pop();
      const { isRepeated, isFixed } = repetitionOf(token.slice(1));
      if (isRepeated && group.hasChoice) throw bad('repeats a group that has a choice within; that may run for ever');
      open.at(-1)!.hasChoice ||= group.hasChoice || !isFixed;
    } else if (/^\\(?:[1-9]|k)/.test(token)) {
      throw bad('has a back reference; that may run for ever');
    } else if (!repetitionOf(token).isFixed) {
      group.hasChoice = true;
    }
  }
}

/** An escape; a class; the start or end of a group; a repetition; an alternative. */
const tokens =
  /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|:|<[^>]*>|[a-z-]*:))?|\)(?:[*+?]|\{\d+,?\d*\})?|[*+?]|\{\d+,?\d*\}|\|/gsu;

/** What a repetition says: `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`; anything else is no repetition. */
function repetitionOf(text: string): { readonly isRepeated: boolean; readonly isFixed: boolean } {
  if (text === '*' || text === '+') return { isRepeated: true, isFixed: false };
  if (text === '?') return { isRepeated: false, isFixed: false };
  const counts = /^\{(\d+)(,?)(\d*)\}$/.exec(text);
  if (counts === null) return { isRepeated: false, isFixed: true };
  const [, least, comma, most = ''] = counts;
  const isFixed = comma === '' || least === most;
  return { isRepeated: comma === '' ? Number(least) > 1 : most === '' || Number(most) > 1, isFixed };
}
