// A photo of the user: decoded upright, its pixels as they are in the file.

// What browsers give a canvas; beyond, some of them give an empty one.
const MAX_PIXELS = 64_000_000;

/**
 * Decodes an image file.
 * @param {Blob} file
 * @returns {Promise<{picture: HTMLCanvasElement, pixels: ImageData}>}
 */
export async function openPhoto(file) {
  // As Python reads it: colours are not converted, what is transparent lies on mid grey.
  const options = { colorSpaceConversion: "none", imageOrientation: "from-image", premultiplyAlpha: "none" };
  const image = await createImageBitmap(file, options).catch(() => null);
  if (!image) {
    const name = file.name || "The file";
    throw new Error(`${name} is no picture that this browser can read; save it as JPEG or PNG.`);
  }
  try {
    const { width, height } = image;
    if (width * height > MAX_PIXELS) {
      throw new Error(`The photo has ${width} x ${height} pixels; make it smaller, to at most 64 million.`);
    }
    const picture = document.createElement("canvas");
    Object.assign(picture, { width, height });
    const context = picture.getContext("2d", { alpha: false, willReadFrequently: true });
    context.fillStyle = "rgb(128 128 128)";
    context.fillRect(0, 0, width, height);
    context.drawImage(image, 0, 0);
    return { picture, pixels: context.getImageData(0, 0, width, height) };
  } finally {
    image.close();
  }
}

/**
 * Lets files be dropped on an element.
 * @param {HTMLElement} place
 * @param {(file: File) => void} use Gets the first one.
 */
export function takeDrops(place, use) {
  const mark = (isOver) => place.classList.toggle("dropping", isOver);
  // Beside the place too, as a browser else leaves the page for the photo.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  place.addEventListener("dragover", () => mark(true));
  place.addEventListener("dragleave", () => mark(false));
  place.addEventListener("drop", (event) => {
    mark(false);
    const [file] = event.dataTransfer.files;
    if (file) use(file);
  });
}
