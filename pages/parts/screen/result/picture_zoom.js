// Over the picture the wheel and one finger scroll the page, as everywhere. Ctrl (or Cmd) with the wheel, two fingers
// on a trackpad or a screen, and the picture's buttons zoom; once zoomed, one finger or the mouse pans. plotly knows none
// of this: what it shall not see is stopped before it gets there.

const BOX = ".st-key-page-view";
const FULL = 0.99; // of the picture's width: as good as not zoomed
const WHEEL_PER_E = 200; // plotly zooms by exp(-deltaY / 200), with at most 20 of deltaY an event
const MOST_WHEEL = 20;

export default function ({ data }) {
  const life = new AbortController();
  const plot = (event) => event.target.closest?.(BOX)?.querySelector(".js-plotly-plot");
  const isZoomed = (graph) => {
    const [left, right] = graph._fullLayout?.xaxis?.range ?? [0, data.width];
    return Math.abs(right - left) < FULL * data.width;
  };
  // plotly reads its mode when a drag begins. Set here and not in the figure, which would be built anew, unzoomed.
  const choose = (graph) => {
    graph.classList.toggle("zoomed", isZoomed(graph) || data.caliper);
    graph.classList.toggle("measuring", data.caliper);
    Object.assign(graph._fullLayout ?? {}, { dragmode: data.caliper ? "select" : "pan", selectdirection: "any" });
  };
  const distance = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  let apart = 0;

  const zoom = (event, deltaY) => {
    const [a, b] = event.touches;
    const at = { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
    const surface = event.target.closest(BOX).querySelector(".nsewdrag");
    for (let left = Math.abs(deltaY); left > 0.5; left -= MOST_WHEEL) {
      const step = Math.sign(deltaY) * Math.min(left, MOST_WHEEL);
      surface.dispatchEvent(
        new WheelEvent("wheel", { ...at, deltaY: step, ctrlKey: true, bubbles: true, cancelable: true }),
      );
    }
  };

  const heard = {
    pointerover: (event, graph) => choose(graph),
    pointerdown: (event, graph) => choose(graph),
    wheel: (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    },
    touchstart: (event, graph) => {
      choose(graph);
      if (event.touches.length === 2) apart = distance(event.touches);
      if (event.touches.length > 1 || !(isZoomed(graph) || data.caliper)) event.stopPropagation();
    },
    touchmove: (event) => {
      if (event.touches.length !== 2 || !apart) return;
      event.stopPropagation();
      event.preventDefault();
      const now = distance(event.touches);
      const deltaY = -WHEEL_PER_E * Math.log(now / apart);
      if (Math.abs(deltaY) < 2) return;
      zoom(event, deltaY);
      apart = now;
    },
    touchend: (event, graph) => {
      apart = 0;
      setTimeout(() => choose(graph), 100);
    },
  };
  for (const [name, hear] of Object.entries(heard)) {
    window.addEventListener(
      name,
      (event) => {
        const graph = plot(event);
        if (graph) hear(event, graph);
      },
      { capture: true, passive: false, signal: life.signal },
    );
  }
  const drawn = document.querySelector(`${BOX} .js-plotly-plot`);
  if (drawn) choose(drawn);
  // Grad-CAM is the figure's second image. plotly sets its source once, and may draw the picture later than this runs.
  const paint = () => {
    const heat = document.querySelectorAll(`${BOX} .js-plotly-plot image`)[1];
    if (!heat || heat.getAttribute("href") === data.heat) return;
    heat.setAttribute("href", data.heat);
    heat.setAttribute("data-heat", "");
  };
  const redrawn = new MutationObserver(paint);
  if (data.heat) {
    redrawn.observe(document.body, { childList: true, subtree: true });
    paint();
  }
  return () => {
    redrawn.disconnect();
    life.abort();
  };
}
