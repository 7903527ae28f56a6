// The camera of the browser: opened, closed, and its frames as JPEG.

/**
 * Opens a camera; the caller closes it.
 * @param {string} deviceId Of the camera; empty takes the one that the browser proposes.
 * @returns {Promise<MediaStream>}
 */
export async function openCamera(deviceId) {
  if (!navigator.mediaDevices) throw new Error("This browser gives no camera to this page.");
  const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
  return navigator.mediaDevices.getUserMedia({ audio: false, video: { ...wanted, ...which } });
}

/** Closes a camera, so that its light goes out. */
export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** The cameras that there are, named once one of them may be used. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput" && device.deviceId);
}

/** Words for why a camera cannot be opened. */
export function cameraTrouble(error) {
  const words = {
    NotAllowedError: "The browser does not allow the camera; allow it for this page and press Start.",
    NotFoundError: "No camera was found; connect one and press Start.",
    NotReadableError: "The camera is used by another program; close it there and press Start.",
    OverconstrainedError: "The chosen camera is not there any more; choose another.",
  };
  return words[error.name] ?? error.message;
}

/** Takes pictures of a video, no larger than is needed. */
export class FrameGrabber {
  #canvas = document.createElement("canvas");
  #context;

  /** @param {boolean} isRead Whether the pixels of the pictures are read. */
  constructor(isRead = false) {
    this.#context = this.#canvas.getContext("2d", { alpha: false, willReadFrequently: isRead });
  }

  /** The picture that was taken last. */
  get picture() {
    return this.#canvas;
  }

  /**
   * Takes the picture that the video shows now.
   * @param {HTMLVideoElement} video
   * @param {number} maxSide Longest side, in pixels.
   */
  take(video, maxSide) {
    const scale = Math.min(1, maxSide / Math.max(video.videoWidth, video.videoHeight));
    const width = Math.max(1, Math.round(video.videoWidth * scale));
    const height = Math.max(1, Math.round(video.videoHeight * scale));
    // Setting a size clears the canvas, so only where it changes.
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#context.drawImage(video, 0, 0, width, height);
  }

  /** The pixels of the picture that was taken last. */
  pixels() {
    return this.#context.getImageData(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /**
   * The picture that the video shows now, as JPEG.
   * @param {HTMLVideoElement} video
   * @param {number} maxSide Longest side, in pixels.
   * @returns {Promise<Blob>}
   */
  grab(video, maxSide) {
    this.take(video, maxSide);
    return new Promise((done, failed) => {
      const give = (blob) => (blob ? done(blob) : failed(new Error("The picture cannot be encoded.")));
      this.#canvas.toBlob(give, "image/jpeg", 0.85);
    });
  }
}

/**
 * Calls back with each new picture of a video, and when it was taken, until told to stop.
 * @param {HTMLVideoElement} video
 * @param {(takenAt: number) => void} use Gets the time on the clock of performance.now().
 * @returns {() => void} Stops it.
 */
export function onEachFrame(video, use) {
  let stopped = false;
  const next = () => {
    if (stopped) return;
    if (video.requestVideoFrameCallback) {
      video.requestVideoFrameCallback((now, facts) => step(facts.captureTime ?? now));
    } else {
      requestAnimationFrame(step);
    }
  };
  const step = (takenAt) => {
    if (stopped) return;
    use(takenAt);
    next();
  };
  next();
  return () => {
    stopped = true;
  };
}
