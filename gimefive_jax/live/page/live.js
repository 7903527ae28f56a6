// The live page: camera to server to overlay, one frame at a time.

import { cameraTrouble, closeCamera, FrameGrabber, listCameras, onEachFrame, openCamera } from "./camera.js";
import { Overlay } from "./overlay.js";
import { ScoreList } from "./scores.js";

const find = (id) => document.getElementById(id);
const video = find("video");
// The server answers several tabs; more frames than these are no better to look at.
const MIN_MILLISECONDS = 50;
// After a frame that the server could not use.
const PAUSE_MILLISECONDS = 500;
const NO_ANSWER_MILLISECONDS = 10000;
const NUM_KEPT = 600;
const SERVER_ENDED = "The server has ended the connection; start it again if it has stopped, and press Start.";

/** What has happened since Start, for measurements: times in milliseconds. */
const counters = { frames: 0, refusals: 0, latencies: [], drawnAt: [], last: null };
window.gimefiveLive = counters;

const grabber = new FrameGrabber();
let about = null;
let overlay = null;
let scores = null;
let session = null;

/** One use of the camera, from Start to Stop. */
class Session {
  #stream = null;
  #socket = null;
  #stopFrames = () => {};
  #inFlight = null;
  #sentAt = -Infinity;
  #patience = 0;
  #ended = false;

  async begin() {
    this.#stream = await openCamera(find("cameras").value);
    // The user may have pressed Stop, and Start again, while the browser asked.
    if (this.#ended) return closeCamera(this.#stream);
    video.srcObject = this.#stream;
    await video.play();
    if (this.#ended) return;
    this.#socket = new WebSocket(`ws://${location.host}/frames`);
    this.#socket.onopen = () => {
      this.#stopFrames = onEachFrame(video, (takenAt) => this.#take(takenAt));
    };
    this.#socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    this.#socket.onclose = (event) => {
      if (!this.#ended) stop(event.reason || SERVER_ENDED);
    };
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#patience);
    this.#stopFrames();
    this.#socket?.close();
    closeCamera(this.#stream);
    if (video.srcObject === this.#stream) video.srcObject = null;
  }

  /** Sends the picture, unless the answer to the last one has still to come. */
  async #take(takenAt) {
    const now = performance.now();
    if (this.#inFlight || now - this.#sentAt < MIN_MILLISECONDS || !video.videoWidth) return;
    this.#inFlight = { takenAt };
    this.#sentAt = now;
    this.#patience = setTimeout(() => stop("The server does not answer."), NO_ANSWER_MILLISECONDS);
    try {
      const picture = await grabber.grab(video, about.max_side);
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(picture);
    } catch (error) {
      if (!this.#ended) stop(error.message);
    }
  }

  #receive(answer) {
    if (this.#ended) return;
    clearTimeout(this.#patience);
    if (answer.kind === "error") {
      counters.refusals += 1;
      tell(answer.message, true);
      setTimeout(() => (this.#inFlight = null), PAUSE_MILLISECONDS);
      return;
    }
    const { takenAt } = this.#inFlight;
    requestAnimationFrame(() => {
      if (this.#ended) return;
      show(answer);
      count(answer, takenAt);
      this.#inFlight = null;
    });
  }
}

function show(answer) {
  const stage = find("stage");
  const shape = `${answer.width} / ${answer.height}`;
  if (stage.style.aspectRatio !== shape) stage.style.aspectRatio = shape;
  overlay.draw(answer, grabber.picture, {
    map: find("show-map").checked,
    scores: find("show-scores").checked,
    landmarks: find("show-landmarks").checked,
    mirror: find("mirror").checked,
  });
  scores.show(answer.faces);
  const none = find("none");
  none.hidden = answer.faces.length > 0;
  none.textContent = "No face in view.";
}

function count(answer, takenAt) {
  const now = performance.now();
  counters.frames += 1;
  counters.last = answer;
  counters.latencies.push(now - takenAt);
  counters.drawnAt.push(now);
  if (counters.drawnAt.length > NUM_KEPT) {
    counters.latencies.shift();
    counters.drawnAt.shift();
  }
  // Twice a second or so is often enough to be read.
  if (counters.frames % 5 === 0) {
    const times = counters.drawnAt.slice(-20);
    const rate = (1000 * (times.length - 1)) / (times[times.length - 1] - times[0]);
    const latency = Math.round(counters.latencies[counters.latencies.length - 1]);
    find("speed").textContent = `${rate.toFixed(1)} frames a second, ${latency} ms from camera to overlay`;
    tell("Running.", false);
  }
}

function tell(words, isTrouble) {
  const line = find("status");
  if (line.textContent !== words) line.textContent = words;
  line.classList.toggle("trouble", isTrouble);
}

async function start() {
  const begun = new Session();
  session = begun;
  Object.assign(counters, { frames: 0, refusals: 0, latencies: [], drawnAt: [], last: null });
  find("start").textContent = "Stop";
  find("empty").hidden = true;
  tell("Waiting for the camera …", false);
  try {
    await prepare();
    await begun.begin();
    if (session === begun) await nameCameras();
  } catch (error) {
    if (session === begun) stop(cameraTrouble(error));
  }
}

function stop(reason = "") {
  session?.end();
  session = null;
  overlay?.clear();
  scores?.show([]);
  find("start").textContent = "Start";
  find("empty").hidden = false;
  find("none").hidden = false;
  find("none").textContent = "No face yet.";
  find("speed").textContent = "";
  tell(reason || "Stopped; the camera is off.", Boolean(reason));
}

/** Shows what the server says of itself; a server that was started anew may have another model. */
async function prepare() {
  const answer = await fetch("about.json").catch(() => null);
  if (!answer?.ok) throw new Error(SERVER_ENDED);
  about = await answer.json();
  overlay = new Overlay(find("overlay"), about);
  find("faces").replaceChildren();
  scores = new ScoreList(find("faces"), about.emotions);
  find("model").textContent = about.model;
  find("notice").textContent = about.notice;
  find("map-name").textContent = about.map_name ? `It is ${about.map_name}.` : "";
  const ramp = find("ramp");
  ramp.width = about.colours.length;
  const pixels = ramp.getContext("2d").createImageData(ramp.width, 1);
  about.colours.forEach((colour, i) => pixels.data.set([...colour, 255], 4 * i));
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

find("start").addEventListener("click", () => (session ? stop() : start()));
find("cameras").addEventListener("change", () => {
  if (!session) return;
  stop();
  start();
});
const reflect = () => video.classList.toggle("mirrored", find("mirror").checked);
find("mirror").addEventListener("change", reflect);
window.addEventListener("pagehide", () => session && stop());
reflect();
prepare().catch((error) => tell(error.message, true));
