// Square views of an image, in which faces are looked for, and the squares that are classified.

import { Pixels, resize, resizeInSteps } from "./pixels.js";

const ROUNDING = 1e-6;
const REDUCING_GAP = 2;

/** The smallest square that holds a whole image: its left and upper side, and its side. */
export function wholeView({ width, height }) {
  const side = Math.max(width, height);
  return { left: (width - side) / 2, top: (height - side) / 2, side };
}

/**
 * Overlapping tiles of an image, large ones first.
 * @param {{tiles: number[], smallest_tile: number, step: number}} rules
 */
export function tileViews({ width, height }, rules) {
  const sides = rules.tiles.map((share) => share * Math.max(width, height));
  return sides
    .filter((side) => side >= rules.smallest_tile)
    .flatMap((side) =>
      starts(height, side, rules.step).flatMap((top) =>
        starts(width, side, rules.step).map((left) => ({ left, top, side })),
      ),
    );
}

function starts(length, side, step) {
  if (length <= side) return [(length - side) / 2];
  const count = 1 + Math.ceil((length - side) / (side * step));
  return Array.from({ length: count }, (_, i) => (i * (length - side)) / (count - 1));
}

/** A view at another size; beyond the image it is black. */
export function cutView(pixels, view, side) {
  const rows = seen(view.top, pixels.height, view.side / side, side);
  const columns = seen(view.left, pixels.width, view.side / side, side);
  const made = new Pixels(side, side);
  const [width, height] = [columns.last - columns.first, rows.last - rows.first];
  if (!width || !height) return made;
  // Of the pixels that are seen alone, so that no others are weighed.
  const taken = [columns.to - columns.from, rows.to - rows.from];
  const isWhole = taken[0] === pixels.width && taken[1] === pixels.height;
  const part = isWhole ? pixels : pixels.part(columns.from, rows.from, ...taken);
  const box = [columns.begin, rows.begin, columns.end, rows.end];
  const shown = resizeInSteps(part, width, height, box, REDUCING_GAP);
  for (let y = 0; y < height; y++) {
    const row = shown.data.subarray(3 * y * width, 3 * (y + 1) * width);
    made.data.set(row, 3 * ((y + rows.first) * side + columns.first));
  }
  return made;
}

/** Which pixels of an axis are seen, and where what they become lies in the view. */
function seen(start, length, scale, side) {
  // Whole pixels of the view, so that places in it and in the image belong together exactly.
  const first = Math.max(Math.ceil(-start / scale - ROUNDING), 0);
  const last = Math.max(Math.min(Math.floor((length - start) / scale + ROUNDING), side), first);
  const [low, high] = [start + first * scale, start + last * scale];
  const [from, to] = [Math.max(Math.floor(low), 0), Math.min(Math.ceil(high), length)];
  return { first, last, from, to, begin: Math.max(low - from, 0), end: Math.min(high - from, to - from) };
}

/**
 * The square to classify a face by: what the faces of the training data show of a face.
 * @param {{box: number[]}} face Its box is left, top, width and height.
 * @param {{centre_up: number, scale: number}} rules
 */
export function cropOf({ box: [left, top, width, height] }, rules) {
  const side = Math.max(width, height) * rules.scale;
  const x = left + width / 2;
  const y = top + height / 2 - rules.centre_up * height;
  return [x - side / 2, y - side / 2, side, side];
}

/** What is classified: a crop at the size of the network's input. */
export function cutFace(pixels, [cropLeft, cropTop, cropWidth, cropHeight], side) {
  const [left, top] = [Math.floor(cropLeft), Math.floor(cropTop)];
  const width = Math.ceil(cropLeft + cropWidth) - left;
  const height = Math.ceil(cropTop + cropHeight) - top;
  const [x, y] = [cropLeft - left, cropTop - top];
  const box = [x, y, Math.min(x + cropWidth, width), Math.min(y + cropHeight, height)];
  return resize(pixels.part(left, top, width, height), side, side, box);
}

/** What is classified of an image that is a face: all of it, or its middle. */
export function wholeCrop({ width, height }, fit) {
  if (fit !== "crop") return [0, 0, width, height];
  const side = Math.min(width, height);
  return [Math.floor((width - side) / 2), Math.floor((height - side) / 2), side, side];
}
