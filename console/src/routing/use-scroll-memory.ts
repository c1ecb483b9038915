import { useEffect, useRef } from 'react';

const maxRemembered = 100;

/**
 * Says where on the page the reader was at the present address, if they came back to it by the browser's back or forward
 * button; else 0. In a browser without the Navigation API it is always 0.
 */
export function useScrollMemory(): () => number {
  const positions = useRef(new Map<string, number>());
  const isReturn = useRef(false);
  useEffect(() => {
    const known = positions.current;
    const onScroll = () => {
      known.delete(window.location.hash);
      known.set(window.location.hash, window.scrollY);
      if (known.size > maxRemembered) known.delete(known.keys().next().value!);
    };
    const onNavigate = (event: NavigateEvent) => {
      isReturn.current = event.navigationType === 'traverse';
    };
    window.addEventListener('scroll', onScroll, { passive: true });
    window.navigation?.addEventListener('navigate', onNavigate);
    return () => {
      window.removeEventListener('scroll', onScroll);
      window.navigation?.removeEventListener('navigate', onNavigate);
    };
  }, []);
  return () => (isReturn.current ? (positions.current.get(window.location.hash) ?? 0) : 0);
}
