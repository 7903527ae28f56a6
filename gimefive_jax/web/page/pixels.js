// Pixels cut out and resized as PIL does it, to the last bit: the networks then see here what they
// see in Python.

const BITS = 22;
const HALF = 1 << (BITS - 1);

/** Red, green and blue of an image, 8 bits each, row by row. */
export class Pixels {
  constructor(width, height, data = new Uint8Array(3 * width * height)) {
    Object.assign(this, { width, height, data });
  }

  /** @param {ImageData} image Without transparency. */
  static of({ width, height, data }) {
    const made = new Pixels(width, height);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      made.data[to] = data[from];
      made.data[to + 1] = data[from + 1];
      made.data[to + 2] = data[from + 2];
    }
    return made;
  }

  /** A part in whole pixels; beyond the image its outermost pixels are repeated. */
  part(left, top, width, height) {
    const made = new Pixels(width, height);
    for (let y = 0; y < height; y++) {
      const row = this.width * clamp(top + y, 0, this.height - 1);
      for (let x = 0; x < width; x++) {
        const from = 3 * (row + clamp(left + x, 0, this.width - 1));
        const to = 3 * (y * width + x);
        for (let c = 0; c < 3; c++) made.data[to + c] = this.data[from + c];
      }
    }
    return made;
  }
}

/**
 * PIL's antialiased bilinear `resize`.
 * @param {Pixels} pixels
 * @param {number[]} box Left, top, right and bottom of what is resized, inside of the image.
 * @returns {Pixels}
 */
export function resize(pixels, width, height, box) {
  const [left, top, right, bottom] = box.map(Math.fround);
  const across = weights(pixels.width, left, right, width);
  const down = weights(pixels.height, top, bottom, height);
  const first = down.starts[0];
  const rows = down.starts[height - 1] + down.counts[height - 1] - first;
  const wide = new Pixels(width, rows);
  for (let y = 0; y < rows; y++) {
    const row = 3 * (y + first) * pixels.width;
    for (let x = 0; x < width; x++) {
      weigh(pixels.data, row + 3 * across.starts[x], 3, across, x, wide.data, 3 * (y * width + x));
    }
  }
  const made = new Pixels(width, height);
  for (let y = 0; y < height; y++) {
    const row = 3 * (down.starts[y] - first) * width;
    for (let x = 0; x < width; x++) {
      weigh(wide.data, row + 3 * x, 3 * width, down, y, made.data, 3 * (y * width + x));
    }
  }
  return made;
}

/** `resize` in PIL's two steps, first by whole numbers: its `reducing_gap`. */
export function resizeInSteps(pixels, width, height, box, gap) {
  const [left, top, right, bottom] = box;
  const scales = [(right - left) / width, (bottom - top) / height];
  const [byX, byY] = scales.map((scale) => Math.trunc(scale / gap) || 1);
  if (byX === 1 && byY === 1) return resize(pixels, width, height, box);
  // Half a pixel of the result more on each side, as the filter reaches there.
  const [beyondX, beyondY] = scales.map((scale) => scale / 2);
  const from = [Math.max(0, Math.trunc(left - beyondX)), Math.max(0, Math.trunc(top - beyondY))];
  const to = [
    Math.min(pixels.width, Math.ceil(right + beyondX)),
    Math.min(pixels.height, Math.ceil(bottom + beyondY)),
  ];
  const reduced = reduce(pixels, byX, byY, from, to);
  const inReduced = [
    (left - from[0]) / byX,
    (top - from[1]) / byY,
    (right - from[0]) / byX,
    (bottom - from[1]) / byY,
  ];
  return resize(reduced, width, height, inReduced);
}

/** PIL's `reduce`: means of `byX` times `byY` pixels, of fewer at the right and lower end. */
function reduce({ width, data }, byX, byY, from, to) {
  const made = new Pixels(Math.ceil((to[0] - from[0]) / byX), Math.ceil((to[1] - from[1]) / byY));
  for (let y = 0, place = 0; y < made.height; y++) {
    const top = from[1] + y * byY;
    const bottom = Math.min(top + byY, to[1]);
    for (let x = 0; x < made.width; x++, place += 3) {
      const left = from[0] + x * byX;
      const right = Math.min(left + byX, to[0]);
      const count = (right - left) * (bottom - top);
      let red = count >> 1;
      let green = red;
      let blue = red;
      for (let row = top; row < bottom; row++) {
        const end = 3 * (row * width + right);
        for (let i = 3 * (row * width + left); i < end; i += 3) {
          red += data[i];
          green += data[i + 1];
          blue += data[i + 2];
        }
      }
      // PIL multiplies by a rounded reciprocal, and so do we.
      const factor = Math.floor(Math.fround(2 ** 24 / count)) / 2 ** 24;
      made.data[place] = red * factor;
      made.data[place + 1] = green * factor;
      made.data[place + 2] = blue * factor;
    }
  }
  return made;
}

/** Which pixels of an axis make each pixel of the result, and how much of each. */
function weights(length, begin, end, count) {
  const scale = Math.fround(end - begin) / count;
  const support = Math.max(scale, 1);
  const size = 2 * Math.ceil(support) + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const values = new Int32Array(count * size);
  for (let i = 0; i < count; i++) {
    const centre = begin + (i + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const last = Math.min(Math.trunc(centre + support + 0.5), length);
    const shares = [];
    for (let at = first; at < last; at++) {
      shares.push(Math.max(1 - Math.abs((at - centre + 0.5) / support), 0));
    }
    const sum = shares.reduce((one, other) => one + other, 0);
    shares.forEach((share, j) => (values[i * size + j] = Math.trunc((share / sum) * 2 ** BITS + 0.5)));
    starts[i] = first;
    counts[i] = last - first;
  }
  return { starts, counts, values, size };
}

/** Three channels of one pixel of the result. */
function weigh(data, from, step, { counts, values, size }, i, made, to) {
  let red = HALF;
  let green = HALF;
  let blue = HALF;
  for (let j = 0, at = from; j < counts[i]; j++, at += step) {
    const value = values[i * size + j];
    red += data[at] * value;
    green += data[at + 1] * value;
    blue += data[at + 2] * value;
  }
  made[to] = Math.min(red >> BITS, 255);
  made[to + 1] = Math.min(green >> BITS, 255);
  made[to + 2] = Math.min(blue >> BITS, 255);
}

export const clamp = (value, low, high) => Math.max(low, Math.min(value, high));
