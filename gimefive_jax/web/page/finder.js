// Finds the faces of an image: the detector in square views, and the face mesh where it is not sure.

import { facesOfView, isCutOff, withoutDoubles } from "./anchors.js";
import { Pixels } from "./pixels.js";
import { cutView, tileViews, wholeView } from "./views.js";

const DETECTOR_SIDE = 128;
const MESH_SIDE = 192;
const VIEWS_AT_ONCE = 8;

export class FaceFinder {
  #detect;
  #confirm;
  #rules;

  /**
   * @param {(pixels: Pixels[]) => Promise<object>} detect Runs the detector.
   * @param {(pixels: Pixels[]) => Promise<object>} confirm Runs the face mesh.
   * @param {object} rules
   */
  constructor(detect, confirm, rules) {
    this.#detect = detect;
    this.#confirm = confirm;
    this.#rules = rules;
  }

  /**
   * The faces of an image, the surest first.
   * @param {Pixels} pixels
   * @param {boolean} tiles Whether small faces are looked for too: then what is not sure counts only
   *   where the face mesh sees a face as well.
   * @param {(share: number) => void} tell Gets the share that is done; what it throws ends the search.
   */
  async find(pixels, tiles, tell = () => {}) {
    const views = [wholeView(pixels), ...(tiles ? tileViews(pixels, this.#rules) : [])];
    const found = [];
    for (let i = 0; i < views.length; i += VIEWS_AT_ONCE) {
      found.push(...(await this.#findIn(pixels, views.slice(i, i + VIEWS_AT_ONCE))));
      if (!tiles) continue;
      tell(found.length / views.length);
      // Lets the page show that, and the user do something else.
      await new Promise((done) => setTimeout(done));
    }
    const sure = new Set(found[0].filter((face) => !tiles || face.score >= this.#rules.sure));
    const whole = views.flatMap((view, i) =>
      found[i].filter((face) => !isCutOff(face, view, pixels, this.#rules)),
    );
    const proposed = withoutDoubles(whole, this.#rules);
    for (const face of proposed) {
      if (!sure.has(face) && (await this.#isConfirmed(pixels, face))) sure.add(face);
    }
    return proposed.filter((face) => sure.has(face)).slice(0, this.#rules.max_faces);
  }

  async #findIn(pixels, views) {
    const shown = views.map((view) => cutView(pixels, view, DETECTOR_SIDE));
    const { scores, corners, keypoints } = await this.#detect(shown);
    const found = { scores: scores.data, corners: corners.data, keypoints: keypoints.data };
    found.rows = views.length;
    return views.map((view, row) => facesOfView(found, row, view, this.#rules));
  }

  async #isConfirmed(pixels, face) {
    const { confidence } = await this.#confirm([this.#level(pixels, face)]);
    return confidence.data[0] >= this.#rules.confirmed;
  }

  /** A face in its square, the eyes level. */
  #level(pixels, { box: [left, top, width, height], eyes: [right, other] }) {
    const { region, region_side: side, mesh_scale: scale } = this.#rules;
    const regionSide = region * Math.max(width, height);
    const corner = { left: left + (width - regionSide) / 2, top: top + (height - regionSide) / 2 };
    const shown = cutView(pixels, { ...corner, side: regionSide }, side);
    const angle = Math.atan2(other[1] - right[1], other[0] - right[0]);
    return turned(shown, (scale / region) * side, angle, MESH_SIDE);
  }
}

/** A turned square around the middle, by linear interpolation; beyond the image it is black. */
function turned(pixels, square, angle, side) {
  const made = new Pixels(side, side);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [across, down] = [(column + 0.5) / side - 0.5, (row + 0.5) / side - 0.5];
      const x = square * (cos * across - sin * down) + pixels.width / 2 - 0.5;
      const y = square * (sin * across + cos * down) + pixels.height / 2 - 0.5;
      interpolate(pixels, x, y, made.data, 3 * (row * side + column));
    }
  }
  return made;
}

function interpolate(pixels, x, y, made, to) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    for (const [column, row] of [[left, top], [left + 1, top], [left, top + 1], [left + 1, top + 1]]) {
      if (column < 0 || row < 0 || column >= pixels.width || row >= pixels.height) continue;
      const share = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
      sum += share * pixels.data[3 * (row * pixels.width + column) + c];
    }
    made[to + c] = Math.round(sum);
  }
}
