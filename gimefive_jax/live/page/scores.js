// The scores of each face as text and bars beside the picture.

const percent = (share) => `${Math.round(100 * share)} %`;

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

/** A list of faces that is changed in place, so that nothing flickers. */
export class ScoreList {
  #cards = new Map();
  #list;
  #emotions;

  constructor(list, emotions) {
    this.#list = list;
    this.#emotions = emotions;
  }

  /** Shows the faces of an answer. */
  show(faces) {
    const present = new Set(faces.map((face) => face.track));
    for (const [track, card] of this.#cards) {
      if (present.has(track)) continue;
      card.root.remove();
      this.#cards.delete(track);
    }
    for (const face of faces) {
      if (!this.#cards.has(face.track)) this.#cards.set(face.track, this.#makeCard());
      this.#fill(this.#cards.get(face.track), face);
    }
  }

  #makeCard() {
    const root = element("div", "face", this.#list);
    const title = element("h3", "", root);
    const rows = this.#emotions.map((emotion) => {
      const row = element("div", "row", root);
      element("span", "name", row).textContent = emotion;
      const fill = element("div", "fill", element("div", "bar", row));
      return { row, fill, share: element("span", "share", row) };
    });
    return { root, title, rows, where: element("p", "where", root) };
  }

  #fill(card, face) {
    card.title.textContent = `Face ${face.track}: ${face.label}`;
    card.where.textContent = face.regions;
    card.rows.forEach(({ row, fill, share }, i) => {
      const probability = face.probabilities[i];
      row.classList.toggle("most", this.#emotions[i] === face.label);
      // Not as an attribute `style`, which the page's policy forbids.
      fill.style.transform = `scaleX(${probability.toFixed(3)})`;
      share.textContent = percent(probability);
    });
  }
}

export { percent };
