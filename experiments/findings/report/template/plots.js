// Figures: specs made in Python; here they get the colours of the theme and the width of the screen.
// No button may send a figure anywhere.
const OFFLINE = { displaylogo: false, responsive: true, showSendToCloud: false, plotlyServerURL: "" };
const WIDE_BAR = [["zoom2d", "pan2d"], ["resetScale2d", "toImage"]];
const NARROW_BAR = [["zoomIn2d", "zoomOut2d", "resetScale2d"]];
const NARROW_PX = 640;
const LEAST_CONTRAST = 3;
const drawn = new Map(); // element of a plot -> {spec, off}

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// On a dark ground a dark colour is mixed with white until it can be seen; its hue stays.
function readable(colour) {
  if (!isDark()) return colour;
  const ground = [20, 23, 28];
  const own = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  for (let white = 0; white <= 1; white += 0.05) {
    const mixed = own.map((part) => Math.round(part + (255 - part) * white));
    if (contrast(mixed, ground) >= LEAST_CONTRAST) return `rgb(${mixed.join(", ")})`;
  }
  return "rgb(255, 255, 255)";
}

function themedTrace(trace, off) {
  const themed = { ...trace, visible: !off.has(trace.meta) };
  if (trace.line && trace.line.color) themed.line = { ...trace.line, color: readable(trace.line.color) };
  if (trace.marker) themed.marker = { ...trace.marker, color: readable(trace.marker.color) };
  if (trace.fillcolor) themed.fillcolor = readable(trace.fillcolor);
  return themed;
}

function themedLayout(layout) {
  const style = getComputedStyle(document.body);
  const grid = isDark() ? "#363c47" : "#e3e6ea";
  const themed = {
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: style.color, family: style.fontFamily, size: 12 },
    hoverlabel: { align: "left" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: "#808080", activecolor: style.color },
  };
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    themed[name] = { ...layout[name], gridcolor: grid, zeroline: false, linecolor: "#808080", showline: true };
    themed[name].title = { ...layout[name].title, standoff: 8 };
    if (name.startsWith("y")) themed[name].automargin = true;
  }
  return themed;
}

function draw(element) {
  const { spec, off } = drawn.get(element);
  const wide = element.clientWidth >= NARROW_PX;
  const layout = themedLayout(structuredClone(wide ? spec.wide : spec.narrow));
  drawn.get(element).wide = wide;
  element.style.minHeight = `${layout.height}px`;
  layout.dragmode = wide ? "zoom" : false; // a finger on a figure scrolls the page
  const config = { ...OFFLINE, modeBarButtons: wide ? WIDE_BAR : NARROW_BAR };
  Plotly.react(element, spec.data.map((trace) => themedTrace(trace, off)), layout, config);
}

function drawLegend(element, spec, off) {
  const legend = element.parentElement.querySelector(".legend");
  const buttons = spec.legend.map((key) => {
    const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.borderTopColor = readable(key.colour);
    if (key.dash !== "solid") swatch.style.borderTopStyle = /^(dot|2px)/.test(key.dash) ? "dotted" : "dashed";
    const button = make("button", { type: "button", "data-group": key.group }, swatch, key.name);
    button.addEventListener("click", (event) => {
      const others = spec.legend.map((other) => other.group).filter((group) => group !== key.group);
      if (event.shiftKey) {
        const alone = !off.has(key.group) && others.every((group) => off.has(group));
        off.clear();
        if (!alone) others.forEach((group) => off.add(group));
      } else if (!off.delete(key.group)) off.add(key.group);
      press();
      draw(element);
    });
    return button;
  });
  const press = () =>
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(!off.has(button.dataset.group))));
  press();
  legend.replaceChildren(...buttons);
}

function show(element, spec) {
  const off = drawn.has(element) ? drawn.get(element).off : new Set();
  drawn.set(element, { spec, off });
  drawLegend(element, spec, off);
  draw(element);
}

function redrawAll() {
  for (const [element, { spec, off }] of drawn) {
    drawLegend(element, spec, off);
    draw(element);
  }
}

themeListeners.push(redrawAll);
window.addEventListener("resize", () => {
  for (const [element, { wide }] of drawn) if (wide !== element.clientWidth >= NARROW_PX) draw(element);
});

// The page shows its words before this; the policy of the page lets the script of this text run.
document.head.append(make("script", {}, await unpacked("plotly")));

// One figure after another, so that the page answers while they are drawn.
const waiting = [...document.querySelectorAll(".plot[data-figure]")];
const specs = await data("figures-data");
for (const element of waiting) {
  // Room for what is not drawn yet, so that an address like #run=... leads to the right place.
  const { wide, narrow } = specs[element.dataset.figure];
  element.style.minHeight = `${(element.clientWidth >= NARROW_PX ? wide : narrow).height}px`;
}
function drawNext() {
  // Where nothing is shown there is no width to draw for.
  const at = waiting.findIndex((plot) => !plot.closest("details:not([open])"));
  if (at < 0) return;
  const [element] = waiting.splice(at, 1);
  show(element, specs[element.dataset.figure]);
  setTimeout(drawNext);
}
document.querySelectorAll("details").forEach((part) => part.addEventListener("toggle", drawNext));
drawNext();
