// The picture that was explained, and over it boxes, heat maps, landmarks, labels and scores.

import { percent } from "./scores.js";

const MARGIN = 4;
// Narrower pictures have no room for scores; these then stand below alone.
const ROOM_FOR_SCORES = 480;

export class Overlay {
  #canvas;
  #context;
  #emotions;
  #colours;
  #cells = document.createElement("canvas");

  /**
   * @param {HTMLCanvasElement} canvas Lies over the video.
   * @param {{emotions: string[], colours: number[][]}} about
   */
  constructor(canvas, about) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#emotions = about.emotions;
    this.#colours = about.colours;
  }

  clear() {
    this.#context.resetTransform();
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /**
   * Draws the answer to a frame, over the very picture that it is of: the video has gone on since.
   * @param {object} frame Width, height and faces.
   * @param {CanvasImageSource} picture
   * @param {{map: boolean, scores: boolean, landmarks: boolean, mirror: boolean}} shown
   */
  draw(frame, picture, shown) {
    const size = this.#fit();
    const scale = size.width / frame.width;
    const place = (box) => {
      const [left, top, width, height] = box.map((value) => value * scale);
      return { left: shown.mirror ? size.width - left - width : left, top, width, height };
    };
    this.#drawPicture(picture, { left: 0, top: 0, ...size }, shown.mirror);
    if (shown.map) {
      for (const face of frame.faces) {
        if (face.heat_map) this.#drawMap(face.heat_map, place(face.crop), shown.mirror);
      }
    }
    for (const face of frame.faces) {
      const box = place(face.box);
      const points = face.landmarks.map(([x, y]) => place([x, y, 0, 0]));
      if (shown.landmarks) this.#drawLandmarks(points, clamp(box.width / 90, 0.7, 2));
      this.#drawBox(box);
    }
    const taken = frame.faces.map((face) => place(face.box));
    frame.faces.forEach((face, i) => {
      this.#drawLabel(`${face.track}  ${face.label} ${percent(most(face))}`, taken[i], size);
      if (!shown.scores || size.width < ROOM_FOR_SCORES) return;
      const area = this.#placeOfScores(taken[i], taken, size);
      if (!area) return;
      taken.push(area);
      this.#drawScores(face, area);
    });
  }

  /** Makes the canvas as fine as the screen; returns its size in units of the page. */
  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = window.devicePixelRatio || 1;
    if (this.#canvas.width !== Math.round(width * ratio)) this.#canvas.width = Math.round(width * ratio);
    if (this.#canvas.height !== Math.round(height * ratio)) this.#canvas.height = Math.round(height * ratio);
    this.clear();
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { width, height };
  }

  #drawMap(map, place, mirror) {
    this.#cells.width = map.columns;
    this.#cells.height = map.rows;
    const context = this.#cells.getContext("2d");
    const pixels = context.createImageData(map.columns, map.rows);
    map.values.forEach((value, i) => {
      const colour = this.#colours[Math.round((value / 255) * (this.#colours.length - 1))];
      // As strong as the evidence, so that the face stays visible where there is none.
      pixels.data.set([...colour, 0.65 * value], 4 * i);
    });
    context.putImageData(pixels, 0, 0);
    this.#drawPicture(this.#cells, place, mirror);
  }

  #drawPicture(picture, { left, top, width, height }, mirror) {
    const context = this.#context;
    context.save();
    context.translate(mirror ? left + width : left, top);
    context.scale(mirror ? -1 : 1, 1);
    context.drawImage(picture, 0, 0, width, height);
    context.restore();
  }

  #drawLandmarks(points, radius) {
    this.#context.fillStyle = "#ffffff";
    this.#context.strokeStyle = "#000000";
    this.#context.lineWidth = radius / 2;
    for (const { left, top } of points) {
      this.#context.beginPath();
      this.#context.arc(left, top, radius, 0, 2 * Math.PI);
      this.#context.fill();
      this.#context.stroke();
    }
  }

  #drawBox({ left, top, width, height }) {
    // White on black is seen on any picture.
    for (const [style, lineWidth] of [["#000000", 5], ["#ffffff", 2.5]]) {
      this.#context.strokeStyle = style;
      this.#context.lineWidth = lineWidth;
      this.#context.strokeRect(left, top, width, height);
    }
  }

  #drawLabel(text, box, size) {
    const context = this.#context;
    context.font = "600 15px system-ui, sans-serif";
    const width = context.measureText(text).width + 12;
    const left = clamp(box.left, 0, size.width - width);
    const above = box.top - 26;
    const top = clamp(above >= 0 ? above : box.top + 2, 0, size.height - 24);
    this.#plate(left, top, width, 24);
    context.fillText(text, left + 6, top + 17);
  }

  /** A free place beside a box; none where it would cover a face, or other scores. */
  #placeOfScores(box, taken, size) {
    const width = 176;
    const height = 18 * this.#emotions.length + 8;
    const top = clamp(box.top, 0, size.height - height);
    const left = clamp(box.left, 0, size.width - width);
    const places = [
      { left: box.left + box.width + MARGIN, top },
      { left: box.left - width - MARGIN, top },
      { left, top: box.top + box.height + MARGIN },
    ];
    return places
      .map((place) => ({ ...place, width, height }))
      .find((place) => isInside(place, size) && !taken.some((other) => overlap(place, other)));
  }

  #drawScores(face, { left, top, width, height }) {
    const context = this.#context;
    this.#plate(left, top, width, height);
    this.#emotions.forEach((emotion, i) => {
      const line = top + 17 + 18 * i;
      const isMost = emotion === face.label;
      context.font = `${isMost ? 700 : 400} 13px system-ui, sans-serif`;
      context.fillStyle = "#ffffff";
      context.fillText(emotion, left + 6, line);
      context.fillStyle = isMost ? "#8fc1ff" : "#8a93a3";
      context.fillRect(left + 84, line - 10, 44 * face.probabilities[i], 10);
      context.fillStyle = "#ffffff";
      context.fillText(percent(face.probabilities[i]), left + 134, line);
    });
  }

  /** A dark ground for letters, and white for what is written next. */
  #plate(left, top, width, height) {
    this.#context.fillStyle = "rgb(13 14 18 / 0.82)";
    this.#context.fillRect(left, top, width, height);
    this.#context.fillStyle = "#ffffff";
  }
}

const most = (face) => Math.max(...face.probabilities);
const isInside = ({ left, top, width, height }, size) =>
  left >= 0 && top >= 0 && left + width <= size.width && top + height <= size.height;
const overlap = (one, other) =>
  one.left < other.left + other.width &&
  other.left < one.left + one.width &&
  one.top < other.top + other.height &&
  other.top < one.top + one.height;
const clamp = (value, low, high) => Math.max(low, Math.min(value, high));
