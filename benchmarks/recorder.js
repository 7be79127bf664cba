// What the hand did and what was painted, with times: runs in the page beside what is measured.
//
// A hand's time is its pointer event's own timeStamp, so the wait before the page could listen
// counts. A drawing's time is taken right after a frame was painted, by a task that goes before all
// others: what the page then holds is what was painted, whether it changed in that frame or before.
(control) => {
  const query = (selector) => document.querySelector(selector);

  // Our slider is a range input; the others show their value beside the track.
  const lab = control !== null;
  const slider = () => (lab ? query(control)?.value : query(".widget-readout")?.textContent);

  const THUMB = 16; // px, of our slider
  // A chart says in its title for which value it was drawn; so does the address of a picture.
  const LABEL = /log C = (\d+\.\d+)/;
  const labels = new WeakMap(); // an address is long: it is read once
  const ofImage = (image) => {
    if (!labels.has(image)) labels.set(image, LABEL.exec(decodeURIComponent(image.src))?.[1]);
    return image.complete ? labels.get(image) : undefined;
  };
  const ofChart = () => {
    const image = query(".jp-OutputArea-output img");
    if (image) return ofImage(image);
    const texts = [...document.querySelectorAll(".jp-OutputArea svg text")];
    return texts.map((node) => LABEL.exec(node.textContent)).find(Boolean)?.[1];
  };
  const plot = '[data-plot="loss"]';
  const path = (name) => () => query(`${plot} ${name}`)?.getAttribute("d");
  const readers = lab
    ? {
        drawing: path(".sw-area .sw-curve"),
        band: path(".sw-area .sw-band"),
        crosses: path(".sw-area .sw-crosses"),
        state: () => query(".sw-state")?.dataset.state,
      }
    : { drawing: ofChart };
  const seen = Object.entries(readers).map(([name, read]) => ({ name, read, last: undefined }));

  let log = { inputs: [], releases: [], frames: [], painted: [] };
  let running = false;
  let moves = [];
  let value = slider();

  const note = () => {
    const now = slider();
    if (now === value) return;
    value = now;
    log.inputs.push(...moves.splice(0).map(([at, heard]) => ({ at, heard, value: Number(now) })));
  };
  const hear = (event) => {
    note();
    const heard = performance.now();
    // The browser may have gathered several moves into one event.
    moves = event.getCoalescedEvents().map(({ timeStamp }) => [timeStamp, heard]);
  };
  window.addEventListener("pointermove", hear, true);
  window.addEventListener("pointermove", note);
  window.addEventListener("input", note);
  window.addEventListener("pointerup", (event) => log.releases.push(event.timeStamp), true);
  let own = 0; // ms that the lab says it has worked in this frame
  document.addEventListener("sw-frame", (event) => (own += event.detail.ms), true);

  const afterPaint = () => {
    const now = performance.now();
    const worked = own;
    own = 0;
    for (const source of seen) {
      const found = source.read();
      if (found === undefined || found === source.last) continue;
      source.last = found;
      // Our curve has no label: what is drawn in a frame is the slider of that frame.
      const shown = source.name === "state" ? found : Number(lab ? slider() : found);
      log.painted.push([source.name, now, shown]);
      if (source.name === "drawing") log.frames.push(worked);
    }
  };
  const frame = () => {
    if (!running) return;
    scheduler.postTask(afterPaint, { priority: "user-blocking" });
    requestAnimationFrame(frame);
  };

  window.recorder = {
    start: () => {
      log = { inputs: [], releases: [], frames: [], painted: [] };
      running = true;
      requestAnimationFrame(frame);
    },
    stop: () => {
      running = false;
      return log;
    },
    /** The middle of the slider's handle, in the window. */
    handle: () => {
      const box = query(lab ? control : ".noUi-handle").getBoundingClientRect();
      const { min, max } = lab ? query(control) : {};
      const share = lab ? (slider() - min) / (max - min) : 0.5;
      const thumb = lab ? THUMB : box.width;
      return [box.x + thumb / 2 + share * (box.width - thumb), box.y + box.height / 2];
    },
    caughtUp: () => {
      const last = log.painted.filter(([name]) => name === "drawing").at(-1);
      return last !== undefined && last[2] === Number(slider());
    },
    answered: () => {
      const states = log.painted.filter(([name]) => name === "state").map(([, , state]) => state);
      return states.includes("waiting") && states.at(-1) === "answered";
    },
  };
};
