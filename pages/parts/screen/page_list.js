// The session's pages as a list: each row is a button that opens its page, and has another that removes it.
// Rows are kept between updates, so that focus and scrolling stay where they are while results come in.

const TYPING =
  "input:not([type=checkbox]):not([type=button]):not([type=file]), textarea, select, [contenteditable=true], " +
  "[role=slider], [role=tab], [role=radio], [role=listbox], [role=combobox], [role=menu], [role=dialog]";

function element(name, className, parent) {
  const made = document.createElement(name);
  made.className = className;
  parent?.append(made);
  return made;
}

function makeRow(id, send) {
  const row = element("li", "row");
  row.dataset.id = id;
  const open = element("button", "open", row);
  const picture = element("span", "thumb", open);
  const parts = { row, open, picture };
  for (const part of ["result", "file", "numbers", "note"]) parts[part] = element("span", part, open);
  parts.remove = element("button", "remove", row);
  parts.remove.textContent = "✕";
  open.type = parts.remove.type = "button";
  open.onclick = () => send("open", id);
  parts.remove.onclick = () => send("remove", id);
  return parts;
}

function fillRow(parts, data, isOpen) {
  parts.row.className = `row ${data.tone}${isOpen ? " current" : ""}`;
  parts.open.setAttribute("aria-current", isOpen ? "page" : "false");
  if (data.thumb && parts.thumb !== data.thumb) {
    const image = element("img", "");
    image.src = parts.thumb = data.thumb;
    image.alt = `ECG page ${data.title}`;
    parts.picture.replaceChildren(image);
  }
  parts.result.replaceChildren();
  if (data.shape) {
    const shape = element("span", "shape", parts.result);
    shape.textContent = data.shape;
    shape.setAttribute("aria-hidden", "true");
  }
  parts.result.append(` ${data.word}`);
  if (isOpen) element("span", "badge", parts.result).textContent = "open";
  parts.file.textContent = data.title;
  parts.numbers.textContent = data.numbers;
  parts.note.textContent = data.note;
  parts.open.classList.toggle("plain", !data.note);
  parts.open.title = data.note;
  parts.remove.setAttribute("aria-label", `Remove ${data.title}`);
  parts.remove.title = "Remove this page";
}

// A page is marked as open at once, before the server has said so. What the server says of a time before the newest
// press is no news: without the count a page turned quickly would jump back, and the next key would count from there.
const UNHEARD_MS = 10000;

function openNow(state, data, order) {
  return data.heard < state.sent && order.includes(state.wanted) ? state.wanted : data.open;
}

function focused(list) {
  return list.getRootNode().activeElement;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector("ol");
  const state = (list.state ??= { rows: new Map(), open: null, keys: null, sent: 0, wanted: null, timer: 0 });
  const order = data.rows.map((row) => row.id);

  const mark = (id) => data.rows.forEach((row) => fillRow(state.rows.get(row.id), row, row.id === id));
  const send = (what, id) => {
    if (what === "remove") return setTriggerValue(what, id);
    state.sent = Math.max(state.sent, data.heard) + 1;
    state.wanted = id;
    mark(id);
    setTriggerValue("open", { id, number: state.sent });
    clearTimeout(state.timer);
    state.timer = setTimeout(() => state.giveUp(), UNHEARD_MS);
  };
  state.giveUp = () => {
    state.sent = 0;
    mark(data.open);
  };

  const before = focused(list);
  for (const [id, parts] of state.rows) {
    if (!order.includes(id)) {
      parts.row.remove();
      state.rows.delete(id);
    }
  }
  order.forEach((id, place) => {
    if (!state.rows.has(id)) state.rows.set(id, makeRow(id, send));
    const parts = state.rows.get(id);
    parts.open.onclick = () => send("open", id);
    parts.remove.onclick = () => send("remove", id);
    if (list.children[place] !== parts.row) list.insertBefore(parts.row, list.children[place] ?? null);
  });
  const here = openNow(state, data, order);
  mark(here);
  if (before && before !== focused(list) && list.contains(before)) before.focus({ preventScroll: true });
  if (state.open !== here) {
    state.open = here;
    const row = state.rows.get(here)?.row;
    if (row) {
      const low = row.offsetTop - list.offsetTop;
      const high = low + row.offsetHeight - list.clientHeight;
      list.scrollTop = Math.max(Math.min(list.scrollTop, low), high);
    }
  }

  list.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest?.(".row");
    if (!step || !row) return;
    event.preventDefault();
    const next = list.children[[...list.children].indexOf(row) + step];
    next?.querySelector(".open").focus();
  };

  state.keys?.abort();
  state.keys = new AbortController();
  const page = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.composedPath().some((node) => node.matches?.(TYPING))) return;
    const next = order[order.indexOf(openNow(state, data, order)) + step];
    if (next) send("open", next);
  };
  document.addEventListener("keydown", page, { signal: state.keys.signal });
  const { keys } = state;
  return () => keys.abort();
}
