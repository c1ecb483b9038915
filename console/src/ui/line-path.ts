/** SVG path data of a line through evenly spaced values, and of the area between it and zero. Nulls leave gaps. */
export function linePath(
  values: readonly (number | null)[],
  width: number,
  height: number,
): { line: string; area: string } {
  const max = Math.max(0, ...values.map((value) => value ?? 0)) || 1;
  const stepX = values.length > 1 ? width / (values.length - 1) : 0;
  let line = '';
  let area = '';
  let start: number | undefined;
  const close = (index: number) => {
    if (start !== undefined) area += `L${round((index - 1) * stepX)} ${height}L${round(start * stepX)} ${height}Z`;
    start = undefined;
  };
  values.forEach((value, index) => {
    if (value === null) {
      close(index);
      return;
    }
    const point = `${round(index * stepX)} ${round(height - (value / max) * height)}`;
    const command = start === undefined ? 'M' : 'L';
    line += command + point;
    area += command + point;
    start ??= index;
  });
  close(values.length);
  return { line, area };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
