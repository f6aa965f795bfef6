// The filter of the scorecard.
if (byId("claim-filters")) {
  const rows = [...document.querySelectorAll("#claims tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const text = byId("claim-text");
  const boxes = [...document.querySelectorAll("#claim-filters input[name=verdict]")];

  const filter = () => {
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = wordsOf(text);
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !(wanted.has(row.dataset.verdict) && matches(texts[at], words));
      shown += row.hidden ? 0 : 1;
    });
    byId("claim-count").textContent = `${shown} of ${rows.length} claims`;
  };
  text.addEventListener("input", filter);
  boxes.forEach((box) => box.addEventListener("change", filter));
  byId("claim-filters").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => {
    const row = document.getElementById(location.hash.slice(1));
    if (!row || !row.hidden) return;
    byId("claim-filters").reset(); // a link to a claim shows it, whatever was filtered
    filter();
    row.scrollIntoView();
  });
  filter(); // a browser may restore what was typed before a reload
}
