// From what the detector says at its anchors to faces, each once.

/**
 * The faces of a view, the surest first: proposals of one face become their mean, weighted by score.
 * @param {{scores: Float32Array, corners: Float32Array, keypoints: Float32Array}} found
 *   Of several views, one behind the other.
 * @param {number} row Number of the view.
 * @param {{left: number, top: number, side: number}} view
 * @param {{min_score: number, max_faces: number, same_anchor: number}} rules
 */
export function facesOfView(found, row, view, rules) {
  const count = found.scores.length / found.rows;
  let left = [];
  for (let i = row * count; i < (row + 1) * count; i++) {
    if (found.scores[i] >= rules.min_score) left.push(proposal(found, i));
  }
  const faces = [];
  while (left.length && faces.length < rules.max_faces) {
    const best = left.reduce((one, other) => (other.score > one.score ? other : one));
    const same = left.filter((one) => one === best || overlap(one.places, best.places) > rules.same_anchor);
    faces.push(inImage(mean(same), best.score, view));
    left = left.filter((one) => !same.includes(one));
  }
  return faces;
}

function proposal({ scores, corners, keypoints }, i) {
  const points = keypoints.subarray(12 * i, 12 * (i + 1));
  return { score: scores[i], places: [...corners.subarray(4 * i, 4 * (i + 1)), ...points] };
}

function mean(proposals) {
  const total = proposals.reduce((sum, one) => sum + one.score, 0);
  return proposals[0].places.map(
    (_, i) => proposals.reduce((sum, one) => sum + one.score * one.places[i], 0) / total,
  );
}

/** A face in pixels of the image: box as left, top, width and height; both eyes. */
function inImage(places, score, { left, top, side }) {
  const at = places.map((place, i) => Math.fround(place * side + (i % 2 ? top : left)));
  const box = [at[0], at[1], at[2] - at[0], at[3] - at[1]];
  return { box, score, eyes: [at.slice(4, 6), at.slice(6, 8)] };
}

/** The area that two rectangles share over that of either; given by their corners. */
function overlap(one, other) {
  const shared = sharedArea(one, other);
  return shared ? shared / (area(one) + area(other) - shared) : 0;
}

const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);

function sharedArea(one, other) {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  return Math.max(width, 0) * Math.max(height, 0);
}

const corners = ([left, top, width, height]) => [left, top, left + width, top + height];

/** How far the boxes of two faces overlap, from 0 to 1. */
export const boxOverlap = (one, other) => overlap(corners(one), corners(other));

/** Keeps of faces that several views found the surest, highest score first. */
export function withoutDoubles(faces, rules) {
  const kept = [];
  const isSame = (one, other) => {
    const [a, b] = [corners(one.box), corners(other.box)];
    return overlap(a, b) > rules.same_face || sharedArea(a, b) > rules.inside * Math.min(area(a), area(b));
  };
  for (const face of [...faces].sort((one, other) => other.score - one.score)) {
    if (!kept.some((other) => isSame(face, other))) kept.push(face);
  }
  return kept;
}

/** Whether a face goes on beyond its view, where the image goes on too. */
export function isCutOff({ box }, view, { width, height }, rules) {
  const margin = rules.margin * view.side;
  const axes = [
    [view.left, width, box[0], box[0] + box[2]],
    [view.top, height, box[1], box[1] + box[3]],
  ];
  return axes.some(([start, length, low, high]) => {
    const end = start + view.side;
    return (start > 0 && low < start + margin) || (end < length && high > end - margin);
  });
}
