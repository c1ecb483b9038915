import type { Point } from './map-layout.ts';

/** The half width and half height of a label, in pixels: points outside of this ellipse do not touch it. */
const labelReach: Point = { x: 58, y: 13 };

/**
 * Finds each label a place on its own edge that is far from the other edges and from the labels placed before. `samples` are
 * points along each edge, evenly spread. In the middle of its edge a label stands best, so it leaves that only where it is
 * crowded.
 */
export function placeLabels(samples: readonly (readonly Point[])[]): Point[] {
  const placed: Point[] = [];
  samples.forEach((own, index) => {
    const others = samples.flatMap((points, other) => (other === index ? [] : points));
    let best = { place: own[Math.floor(own.length / 2)] ?? { x: 0, y: 0 }, score: Number.NEGATIVE_INFINITY };
    own.forEach((place, at) => {
      const fromMiddle = Math.abs(at / Math.max(1, own.length - 1) - 0.5);
      if (fromMiddle > 0.32) return;
      const clearance = Math.min(distance(place, others), distance(place, placed) / 2, 1.4);
      const score = clearance - fromMiddle;
      if (score > best.score) best = { place, score };
    });
    placed.push(best.place);
  });
  return placed;
}

/** To the nearest point, in label sizes: below 1 they touch. */
function distance(place: Point, points: readonly Point[]): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const { x, y } of points) {
    nearest = Math.min(nearest, Math.hypot((x - place.x) / labelReach.x, (y - place.y) / labelReach.y));
  }
  return nearest;
}
