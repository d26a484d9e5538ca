// Hands every press of Review over in the order in which it came, each with the page that was on the screen then.
//
// The state "log" is a list, not a trigger: whatever Streamlit merges or cuts short, the newest message holds all presses
// that the server has not heard. A press that turns the page freezes it at once, until the next picture is drawn.

const CANVAS_SENDS_MS = 250; // the canvas sends a stroke 200 ms after the mouse is up; a press must come after it
const TOLD_MS = 7000;
const PATIENCE_MS = 10000;
const BUTTON = /(?:^|\s)st-key-(?:below-)?press-(\S+)-([a-z0-9]+)(?:\s|$)/;
const CONTROL = "button, a[href], summary, input, [role=button], [role=tab], [role=radio], [role=switch]";
const TEXT = "textarea, select, [contenteditable=true], [role=combobox], [role=listbox], [role=menu], [role=dialog], "
  + "[role=textbox], [role=spinbutton], [data-testid=stDataFrame], "
  + "input:not([type=checkbox]):not([type=radio]):not([type=button])";

class PressLog {
  constructor() {
    this.id = Math.random().toString(36).slice(2);
    this.presses = [];
    this.count = 0;
    this.frozenBy = 0; // number of the press that turns the page
    this.seen = ""; // the canvas whose picture is on the screen
    this.lastTold = 0;
    this.notHeard = [];
    this.unheardCount = 0;
    this.isDrawing = false;
    this.strokeAt = -CANVAS_SENDS_MS;
    // Whether what has the focus was clicked, as the link to this page. Later keys make it :focus-visible all the same.
    this.isByPointer = !document.activeElement?.matches(":focus-visible");
    this.centre = null;
    this.path = location.pathname;
    this.veil = element("position:fixed;inset:0;z-index:999990;background:rgba(127,127,127,.35);cursor:wait;display:none");
    this.line = element(
      "position:fixed;left:50%;bottom:32px;transform:translateX(-50%);z-index:999991;padding:8px 18px;border-radius:6px;"
      + "background:#1B2126;color:#FFFFFF;font:600 16px sans-serif;max-width:90vw;display:none");
    this.line.setAttribute("role", "status");
    this.line.className = "review-told";
    this.veil.className = "review-frozen";
    document.body.append(this.veil, this.line);
    this.listeners = {
      keydown: (e) => this.onKey(e), click: (e) => this.onClick(e), popstate: (e) => this.onBack(e),
      pointerdown: (e) => this.onDown(e), mousedown: (e) => this.onDown(e), mouseup: () => this.onUp(),
    };
    for (const [name, heard] of Object.entries(this.listeners)) window.addEventListener(name, heard, true);
  }

  leave() {
    for (const [name, heard] of Object.entries(this.listeners)) window.removeEventListener(name, heard, true);
    clearTimeout(this.sending);
    clearTimeout(this.looking);
    clearTimeout(this.hiding);
    this.veil.remove();
    this.line.remove();
  }

  update(data, setStateValue) {
    const zoomBefore = this.data?.zoom;
    this.data = data;
    this.setStateValue = setStateValue;
    if (data.log === this.id) this.presses = this.presses.filter((press) => press.n > data.heard);
    for (const told of data.told) if (told.n > this.lastTold) { this.lastTold = told.n; this.tell(told.text); }
    if (zoomBefore && zoomBefore !== data.zoom) this.centreAfter = this.centre;
    clearTimeout(this.looking);
    this.look(performance.now());
  }

  // Wait until the picture of the page is drawn; only then may a key mean it.
  look(since) {
    if (!this.isDrawn()) {
      if (performance.now() - since > PATIENCE_MS && !this.isTurning()) this.thaw();
      this.looking = setTimeout(() => this.look(since), 30);
      return;
    }
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (!this.isDrawn()) { this.look(since); return; } // it was drawn anew meanwhile
      this.seen = this.data.canvas;
      this.keepCentre();
      if (!this.isTurning()) this.thaw();
    }));
  }

  isTurning() { return this.presses.some((press) => press.n <= this.frozenBy); }

  isDrawn() {
    if (!this.data.canvas) return true;
    const background = this.root()?.querySelector(".dc-background-canvas");
    if (!background?.width || background.width < this.data.width - 1) return false;
    return background.getContext("2d").getImageData(background.width >> 1, background.height >> 1, 1, 1).data[3] > 0;
  }

  root() {
    const box = document.querySelector(`.st-key-${this.data.canvas}`);
    return box && [...box.querySelectorAll("*")].find((node) => node.shadowRoot)?.shadowRoot;
  }

  // After zooming, what was in the middle of the window is there again.
  keepCentre() {
    const scroll = this.root()?.querySelector(".dc-scroll");
    if (!scroll) return;
    if (this.centreAfter) {
      scroll.scrollLeft = this.centreAfter[0] * scroll.scrollWidth - scroll.clientWidth / 2;
      scroll.scrollTop = this.centreAfter[1] * scroll.scrollHeight - scroll.clientHeight / 2;
      this.centreAfter = null;
    }
    const note = () => {
      this.centre = [(scroll.scrollLeft + scroll.clientWidth / 2) / scroll.scrollWidth,
        (scroll.scrollTop + scroll.clientHeight / 2) / scroll.scrollHeight];
    };
    scroll.onscroll = note;
    note();
  }

  onKey(e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    if (e.key === "Tab") this.isByPointer = false;
    const name = e.key.length === 1 ? e.key.toUpperCase() : e.key;
    const what = pressOf(name);
    if (this.frozenBy) {
      stop(e);
      if (what && !e.repeat) this.unheard(name);
      return;
    }
    const target = e.composedPath()[0];
    if (!what || e.shiftKey || target.closest?.(TEXT)) return;
    if (name === "Enter" && !this.isByPointer && target.closest?.(CONTROL)) return; // a control reached by Tab
    stop(e);
    if (!e.repeat) this.press(what, name);
  }

  onClick(e) {
    const path = e.composedPath();
    const [, what, view] = path.map((node) => BUTTON.exec(node.className ?? "")).find(Boolean) ?? [];
    if (!what || !path.some((node) => node.tagName === "BUTTON" && !node.disabled)) return;
    stop(e);
    if (this.frozenBy || view !== this.data.view) this.unheard("The click");
    else this.press(what, "The click");
  }

  onDown(e) {
    this.isByPointer = true;
    if (!inCanvas(e)) return;
    const { heard, reseeds } = this.data;
    if (this.presses.some((press) => press.n > heard && reseeds.includes(press.what))) {
      stop(e);
      if (e.type === "mousedown") this.tell("The box was not drawn: the page was still being brought up to date.");
    } else if (e.type === "mousedown") this.isDrawing = true;
  }

  onUp() {
    if (this.isDrawing) this.strokeAt = performance.now();
    this.isDrawing = false;
  }

  // Back and forward within Review: the page that the address names comes onto the desk.
  onBack(e) {
    if (location.pathname !== this.path) return;
    e.stopImmediatePropagation();
    const page = new URLSearchParams(location.search).get("page") ?? "";
    this.add({ what: "open", page: page.slice(0, 40) }, "Opening …");
  }

  press(what, name) {
    if (this.isDrawing) this.unheard(name, "a box was being drawn");
    else if (this.seen !== this.data.canvas) this.unheard(name);
    else this.add({ what }, this.data.turns[what]);
  }

  add(press, turning) {
    this.presses.push({ n: ++this.count, view: this.data.view, ...press });
    if (turning) this.freeze(turning);
    clearTimeout(this.sending);
    const wait = this.strokeAt + CANVAS_SENDS_MS - performance.now();
    const send = () => this.setStateValue("log", { id: this.id, presses: [...this.presses] });
    if (wait > 0) this.sending = setTimeout(send, wait);
    else send();
  }

  freeze(words) {
    this.frozenBy = this.count;
    this.notHeard = [];
    this.veil.style.display = "block";
    this.say(words);
  }

  thaw() {
    if (!this.frozenBy) return;
    this.frozenBy = 0;
    this.veil.style.display = "none";
    if (!this.notHeard.length) this.line.style.display = "none";
  }

  unheard(name, why = "the next page was not there yet") {
    this.line.dataset.unheard = ++this.unheardCount;
    this.notHeard = [...(this.frozenBy ? this.notHeard : []), name];
    const names = [...new Set(this.notHeard)];
    this.tell(`${names.join(", ")} ${names.length > 1 ? "were" : "was"} not heard: ${why}.`);
  }

  tell(words) {
    this.say(words);
    this.hiding = setTimeout(() => { this.line.style.display = "none"; }, TOLD_MS);
  }

  say(words) {
    clearTimeout(this.hiding);
    this.line.textContent = words;
    this.line.style.display = "block";
  }
}

const element = (style) => Object.assign(document.createElement("div"), { style });
// What a key presses: the button on the page that shows it as its shortcut.
const pressOf = (name) => {
  for (const box of document.querySelectorAll("[class*='st-key-press-']")) {
    const [, what] = BUTTON.exec(box.className) ?? [];
    const button = box.querySelector("button:not([disabled])");
    if (what && button?.querySelector("code")?.textContent === name) return what;
  }
  return null;
};
const stop = (e) => { e.preventDefault(); e.stopImmediatePropagation(); };
const inCanvas = (e) => e.composedPath().some((node) => node.classList?.contains("dc-root"));
const logs = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  if (!logs.has(parentElement)) logs.set(parentElement, new PressLog());
  logs.get(parentElement).update(data, setStateValue);
  // Streamlit also cleans up after a call that a newer one has overtaken, while the element stays.
  return () => setTimeout(() => {
    if (parentElement.isConnected) return;
    logs.get(parentElement)?.leave();
    logs.delete(parentElement);
  });
}
