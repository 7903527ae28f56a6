// Reads the faces of an image in this tab: found, cut out, classified and explained.

import * as ort from "./onnxruntime/ort.wasm.bundle.min.mjs";

import { FaceFinder } from "./finder.js";
import { cropOf, cutFace, wholeCrop } from "./views.js";

const FACES_AT_ONCE = 8;
// More threads gain little on networks as small as these.
const MAX_THREADS = 4;

// The page's policy lets no text become a script; threads alone are begun by an address, of this folder.
const isOurs = (url) => new URL(url, location.href).origin === location.origin;
globalThis.trustedTypes?.createPolicy("default", { createScriptURL: (url) => (isOurs(url) ? url : null) });

// Threads share memory, which a browser allows only to pages that are isolated from other origins.
ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency) : 1;
ort.env.wasm.wasmPaths = {
  wasm: new URL("./onnxruntime/ort-wasm-simd-threaded.wasm", import.meta.url).href,
};

/** How many threads compute. */
export const numThreads = () => ort.env.wasm.numThreads;

export class Reader {
  #facts;
  #classify;
  #finder;

  constructor(facts, classify, finder) {
    this.#facts = facts;
    this.#classify = classify;
    this.#finder = finder;
  }

  /**
   * Reads the networks, once.
   * @param {object} facts What `about.json` holds.
   */
  static async open(facts) {
    const [classify, detect, confirm] = await Promise.all(
      ["model.onnx", "detector.onnx", "mesh.onnx"].map(openNetwork),
    );
    return new Reader(facts, classify, new FaceFinder(detect, confirm, facts.search));
  }

  /**
   * The faces of a photo, small ones too; an image as small as a face crop is one face.
   * @param {import("./pixels.js").Pixels} pixels
   * @param {(share: number) => void} tell Gets the share that was searched; what it throws ends it.
   */
  async readPhoto(pixels, tell) {
    const { largest_crop: largest, longest_crop: longest } = this.#facts.search;
    const [short, long] = [pixels.width, pixels.height].sort((one, other) => one - other);
    if (long > largest || long > longest * short) {
      return this.#read(pixels, await this.#finder.find(pixels, true, tell));
    }
    const face = { box: [0, 0, pixels.width, pixels.height], score: 1 };
    return this.#read(pixels, [face], wholeCrop(pixels, this.#facts.fit));
  }

  /** The largest faces of a frame. */
  async readFrame(pixels) {
    const area = ({ box: [, , width, height] }) => width * height;
    const found = await this.#finder.find(pixels, false);
    found.sort((one, other) => area(other) - area(one));
    return this.#read(pixels, found.slice(0, this.#facts.search.max_faces_of_camera));
  }

  async #read(pixels, found, crop = null) {
    const faces = [];
    for (let i = 0; i < found.length; i += FACES_AT_ONCE) {
      const some = found.slice(i, i + FACES_AT_ONCE);
      const crops = some.map((face) => crop ?? cropOf(face, this.#facts.search));
      const given = await this.#classify(crops.map((one) => cutFace(pixels, one, this.#facts.side)));
      some.forEach((face, row) => faces.push(this.#face(face, crops[row], given, row)));
    }
    return { width: pixels.width, height: pixels.height, faces };
  }

  #face({ box, score }, crop, given, row) {
    const { emotions } = this.#facts.about;
    return {
      box,
      crop,
      score,
      label: emotions[Number(given.predicted.data[row])],
      probabilities: rowOf(given.probabilities, row),
      map: given.heat_map ? mapOf(given.heat_map, row) : null,
    };
  }
}

/** A network as a function of pixels, all of one size, which gives its outputs by name. */
async function openNetwork(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name} is not in the folder of this page; export it anew.`);
  const session = await ort.InferenceSession.create(new Uint8Array(await answer.arrayBuffer()), {
    executionProviders: ["wasm"],
  });
  return (pixels) => {
    const [{ width, height, data }] = pixels;
    const all = new Uint8Array(pixels.length * data.length);
    pixels.forEach((one, i) => all.set(one.data, i * data.length));
    return session.run({ faces: new ort.Tensor("uint8", all, [pixels.length, height, width, 3]) });
  };
}

function rowOf({ data, dims }, row) {
  const count = dims.slice(1).reduce((one, other) => one * other, 1);
  return Array.from(data.subarray(row * count, (row + 1) * count));
}

/** A raw map, signed, on its own grid. */
function mapOf(tensor, row) {
  return { rows: tensor.dims[1], columns: tensor.dims[2], values: rowOf(tensor, row) };
}
