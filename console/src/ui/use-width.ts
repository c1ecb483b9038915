import { type RefObject, useEffect, useRef, useState } from 'react';

/** The width of an element, followed as it changes; 0 before the first drawing. */
export function useWidth<E extends HTMLElement>(): { readonly element: RefObject<E | null>; readonly width: number } {
  const element = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return { element, width };
}
