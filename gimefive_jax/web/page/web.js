// The page: a photo or the camera, read in this tab, with what was found drawn over it.

import { cameraTrouble, closeCamera, FrameGrabber, listCameras, onEachFrame, openCamera } from "./camera.js";
import { Overlay } from "./overlay.js";
import { openPhoto, takeDrops } from "./photo.js";
import { Pixels } from "./pixels.js";
import { numThreads, Reader } from "./reader.js";
import { ScoreList } from "./scores.js";
import { drawn, Numbering } from "./tracks.js";

const find = (id) => document.getElementById(id);
const video = find("video");
const NUM_KEPT = 600;

/** What was read since the page was opened, for measurements: times in milliseconds. */
const counters = { state: "loading", threads: 0, frames: 0, latencies: [], drawnAt: [], last: null };
window.gimefiveWeb = counters;

const grabber = new FrameGrabber(true);
let facts = null;
let reader = null;
let overlay = null;
let scores = null;
let session = null;
let photo = null;
// Of photos that were opened: only the last one is shown.
let opened = 0;

/** One use of the camera, from Start to Stop. */
class Session {
  #stream = null;
  #stopFrames = () => {};
  #isBusy = false;
  #ended = false;
  #numbering = new Numbering();

  async begin() {
    this.#stream = await openCamera(find("cameras").value);
    // The user may have pressed Stop, and Start again, while the browser asked.
    if (this.#ended) return closeCamera(this.#stream);
    video.srcObject = this.#stream;
    await video.play();
    if (this.#ended) return;
    this.#stopFrames = onEachFrame(video, (takenAt) => this.#read(takenAt));
  }

  end() {
    this.#ended = true;
    this.#stopFrames();
    closeCamera(this.#stream);
    if (video.srcObject === this.#stream) video.srcObject = null;
  }

  /** Reads the picture, unless the last one is still being read. */
  async #read(takenAt) {
    if (this.#isBusy || !video.videoWidth) return;
    this.#isBusy = true;
    try {
      grabber.take(video, facts.about.max_side);
      const frame = await reader.readFrame(Pixels.of(grabber.pixels()));
      if (this.#ended) return;
      this.#numbering.number(frame.faces);
      show(frame, grabber.picture, find("mirror").checked);
      count(frame, takenAt);
    } catch (error) {
      if (!this.#ended) stop(error.message);
    } finally {
      this.#isBusy = false;
    }
  }
}

function show(frame, picture, mirror) {
  const stage = find("stage");
  const shape = `${frame.width} / ${frame.height}`;
  if (stage.style.aspectRatio !== shape) {
    stage.style.aspectRatio = shape;
    // A tall photo is seen whole.
    stage.style.maxWidth = `calc(85vh * ${shape})`;
  }
  const faces = frame.faces.map(drawn);
  const shown = { map: find("show-map").checked, scores: find("show-scores").checked, landmarks: false, mirror };
  overlay.draw({ ...frame, faces }, picture, shown);
  scores.show(faces);
  find("none").hidden = faces.length > 0;
  find("none").textContent = "No face found.";
  find("empty").hidden = true;
  counters.last = frame;
}

function count(frame, takenAt) {
  const now = performance.now();
  counters.frames += 1;
  counters.latencies.push(now - takenAt);
  counters.drawnAt.push(now);
  if (counters.drawnAt.length > NUM_KEPT) {
    counters.latencies.shift();
    counters.drawnAt.shift();
  }
  // Now and then is often enough to be read.
  if (counters.frames % 5 === 0) {
    const times = counters.drawnAt.slice(-20);
    const rate = (1000 * (times.length - 1)) / (times[times.length - 1] - times[0]);
    find("speed").textContent = `${rate.toFixed(1)} frames a second, computed in this tab`;
    tell("Running.", false);
  }
}

function tell(words, isTrouble) {
  const line = find("status");
  if (line.textContent !== words) line.textContent = words;
  line.classList.toggle("trouble", isTrouble);
}

async function start() {
  clear();
  const begun = new Session();
  session = begun;
  Object.assign(counters, { frames: 0, latencies: [], drawnAt: [], last: null });
  find("start").textContent = "Stop camera";
  find("empty").hidden = true;
  tell("Waiting for the camera …", false);
  try {
    await begun.begin();
    if (session === begun) await nameCameras();
  } catch (error) {
    if (session === begun) stop(cameraTrouble(error));
  }
}

function stop(reason = "") {
  clear();
  tell(reason || "Stopped; the camera is off.", Boolean(reason));
}

/** Takes away what is shown, and closes the camera. */
function clear() {
  session?.end();
  session = null;
  photo = null;
  opened += 1;
  overlay.clear();
  scores.show([]);
  find("start").textContent = "Start camera";
  find("empty").hidden = false;
  find("none").hidden = false;
  find("none").textContent = "No face yet.";
  find("speed").textContent = "";
}

async function readPhoto(file) {
  if (!reader) return;
  clear();
  const mine = opened;
  Object.assign(counters, { state: "reading", last: null });
  tell("Looking for faces …", false);
  const words = await readAndShow(file, mine).catch((error) => ({ trouble: error.message }));
  if (mine !== opened) return;
  counters.state = "ready";
  tell(words.trouble ?? words.done, Boolean(words.trouble));
}

async function readAndShow(file, mine) {
  const { picture, pixels } = await openPhoto(file);
  const began = performance.now();
  const frame = await reader.readPhoto(Pixels.of(pixels), (share) => {
    if (mine !== opened) throw new Error("Something else is shown by now.");
    tell(`Looking for faces … ${Math.round(100 * share)} %`, false);
  });
  if (mine !== opened) return {};
  frame.faces.forEach((face, i) => (face.track = i + 1));
  photo = { frame, picture };
  show(frame, picture, false);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const faces = frame.faces.length === 1 ? "1 face" : `${frame.faces.length || "No"} faces`;
  return { done: `${faces}, found and explained in ${seconds} seconds.` };
}

async function prepare() {
  const answer = await fetch("about.json");
  if (!answer.ok) throw new Error("about.json is not in the folder of this page; export it anew.");
  facts = await answer.json();
  overlay = new Overlay(find("overlay"), facts.about);
  scores = new ScoreList(find("faces"), facts.about.emotions);
  find("model").textContent = facts.about.model;
  find("notice").textContent = facts.about.notice;
  find("map-name").textContent = facts.about.map_name ? `It is ${facts.about.map_name}.` : "";
  for (const part of document.querySelectorAll(".of-maps")) part.hidden = !facts.about.map_name;
  drawRamp(facts.about.colours);
  reader = await Reader.open(facts);
  Object.assign(counters, { state: "ready", threads: numThreads() });
  for (const control of [find("start"), find("photo")]) control.disabled = false;
  tell("Ready.", false);
}

function drawRamp(colours) {
  const ramp = find("ramp");
  ramp.width = colours.length;
  const pixels = ramp.getContext("2d").createImageData(ramp.width, 1);
  colours.forEach((colour, i) => pixels.data.set([...colour, 255], 4 * i));
  ramp.getContext("2d").putImageData(pixels, 0, 0);
}

async function nameCameras() {
  const cameras = await listCameras();
  const chosen = video.srcObject?.getVideoTracks()[0]?.getSettings().deviceId;
  const options = cameras.map((camera, i) => {
    const isChosen = camera.deviceId === chosen;
    return new Option(camera.label || `Camera ${i + 1}`, camera.deviceId, isChosen, isChosen);
  });
  find("cameras").replaceChildren(...options);
  find("choice").hidden = cameras.length < 2;
}

const drawAgain = () => photo && show(photo.frame, photo.picture, false);
find("start").addEventListener("click", () => (session ? stop() : start()));
find("photo").addEventListener("change", () => {
  const [file] = find("photo").files;
  // The same file may be chosen again.
  find("photo").value = "";
  if (file) readPhoto(file);
});
find("cameras").addEventListener("change", () => session && start());
for (const id of ["show-map", "show-scores"]) find(id).addEventListener("change", drawAgain);
const reflect = () => video.classList.toggle("mirrored", find("mirror").checked);
find("mirror").addEventListener("change", reflect);
window.addEventListener("resize", drawAgain);
window.addEventListener("pagehide", () => session && stop());
takeDrops(find("stage"), readPhoto);
reflect();
prepare().catch((error) => {
  counters.state = "failed";
  tell(`This page cannot start: ${error.message}`, true);
});
