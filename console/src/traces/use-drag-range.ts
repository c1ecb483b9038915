import { type PointerEvent, useRef, useState } from 'react';

/** A stretch of an element's width that is being dragged over: both ends between 0 and 1, the left one first. */
export interface DragRange {
  readonly selection: readonly [number, number] | undefined;
  readonly handlers: {
    readonly onPointerDown: (event: PointerEvent<HTMLElement>) => void;
    readonly onPointerMove: (event: PointerEvent<HTMLElement>) => void;
    readonly onPointerUp: () => void;
    readonly onPointerCancel: () => void;
  };
}

/** Calls `onSelect` when a drag over at least one per cent of the width ends. A finger scrolls the page instead. */
export function useDragRange(onSelect: (from: number, to: number) => void): DragRange {
  const start = useRef<number | undefined>(undefined);
  const [selection, setSelection] = useState<readonly [number, number]>();
  const at = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const end = () => {
    start.current = undefined;
    setSelection(undefined);
  };
  return {
    selection,
    handlers: {
      onPointerDown: (event) => {
        if (event.button !== 0 || event.pointerType === 'touch') return;
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = at(event);
      },
      onPointerMove: (event) => {
        if (start.current === undefined) return;
        const now = at(event);
        setSelection([Math.min(start.current, now), Math.max(start.current, now)]);
      },
      onPointerUp: () => {
        if (selection !== undefined && selection[1] - selection[0] >= 0.01) onSelect(selection[0], selection[1]);
        end();
      },
      onPointerCancel: end,
    },
  };
}
