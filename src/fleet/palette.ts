/** Colours for a terminal, or the text as it is. */
export interface Palette {
  readonly dim: Paint;
  readonly bold: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  /** The same colour for the same name, every time. */
  source(name: string): string;
}

export type Paint = (text: string) => string;

const reset = '\u001b[0m';
const sourceColours = [36, 32, 35, 34, 33, 96, 92, 95, 94, 93];

export function palette(colour: boolean): Palette {
  const paint =
    (code: number): Paint =>
    (text) =>
      colour ? `\u001b[${code}m${text}${reset}` : text;
  const source = (name: string) => {
    let sum = 0;
    for (const char of name.replace(/-\d+$/, '')) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
    return paint(sourceColours[sum % sourceColours.length] ?? 36)(name);
  };
  return {
    dim: paint(2),
    bold: paint(1),
    red: paint(31),
    green: paint(32),
    yellow: paint(33),
    cyan: paint(36),
    source,
  };
}

/** Colour on a terminal only, and not where NO_COLOR is set (no-color.org). FORCE_COLOR wins over both. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  const forced = env.FORCE_COLOR;
  if (forced !== undefined && forced !== '') return forced !== '0';
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
