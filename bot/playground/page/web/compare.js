// Two pictures of the same shape over each other, with a slider between before and after.

import { h } from "./dom.js";
import { safePictureUrl } from "./pictures.js";

const MAX_SCALE = 2.5;
const SAME_SHAPE = 0.03;

/** Loads both pictures; null where one fails or their shapes differ. */
export async function compare(beforeUrl, afterUrl) {
  const [before, after] = await Promise.all([beforeUrl, afterUrl].map(loadPicture));
  if (!before || !after) return null;
  const shapes = [before, after].map((image) => image.naturalWidth / image.naturalHeight);
  if (Math.abs(shapes[0] / shapes[1] - 1) > SAME_SHAPE) return null;
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 100,
    value: 50,
    class: "compare-slider",
    "aria-label": "How much of the picture before is shown",
    oninput: () => frame.style.setProperty("--cut", `${slider.value}%`),
    // The arrow keys move the slider, not to the next picture.
    onkeydown: (event) => event.stopPropagation(),
  });
  before.alt = "Before";
  after.alt = "After";
  before.classList.add("compare-before");
  const frame = h(
    "div",
    {
      class: "compare",
      style: {
        "--cut": "50%",
        "--shape": shapes[1],
        "--largest": `${after.naturalWidth * MAX_SCALE}px`,
      },
    },
    after,
    before,
    h("span", { class: "compare-line", "aria-hidden": "true" }),
    h("span", { class: "compare-word before", "aria-hidden": "true" }, "Before"),
    h("span", { class: "compare-word after", "aria-hidden": "true" }, "After"),
    slider,
  );
  return frame;
}

async function loadPicture(url) {
  const address = safePictureUrl(url);
  if (!address) return null;
  const image = h("img", { src: address, draggable: "false" });
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
}
