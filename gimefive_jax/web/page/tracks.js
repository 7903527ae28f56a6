// Who is who from frame to frame, and faces as the overlay and the list of scores take them.

import { boxOverlap } from "./anchors.js";

const SAME_PERSON = 0.3;

/** Numbers the faces of frames that follow each other; a face keeps its number while it is in view. */
export class Numbering {
  #last = [];
  #next = 1;

  /** Gives each face a number, `track`. */
  number(faces) {
    const free = [...this.#last];
    for (const face of faces) {
      const best = Math.max(...free.map((one) => boxOverlap(one.box, face.box)));
      const same = best > SAME_PERSON ? free.findIndex((one) => boxOverlap(one.box, face.box) === best) : -1;
      face.track = same < 0 ? this.#next++ : free.splice(same, 1)[0].track;
    }
    this.#last = faces;
    return faces;
  }
}

/** What is drawn of a face; no landmarks are looked for here. */
export function drawn(face) {
  return { ...face, heat_map: face.map && inBytes(face.map), landmarks: [], regions: "" };
}

/** The positive part of a map over its largest value, from 0 to 255. */
function inBytes({ rows, columns, values }) {
  const peak = Math.max(0, ...values);
  return { rows, columns, values: values.map((one) => (peak ? Math.round((255 * Math.max(one, 0)) / peak) : 0)) };
}
