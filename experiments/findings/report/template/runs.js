// The table of all runs: filters, order, pages.
const COLUMNS = [
  { name: "Run", of: (run) => run.id },
  { name: "Model", of: (run) => nameOf("model", run.model) },
  { name: "Method", of: (run) => nameOf("method", run.method) },
  { name: "Thresholds", of: (run) => run.threshold || "-" },
  { name: "Rate", of: (run) => run.rate, shown: (run) => Number(run.rate.toPrecision(4)) },
  { name: "of 1x", of: (run) => run.multiple, shown: multipleOf },
  { name: "Data seed", of: (run) => run.data_seed },
  { name: "Seed", of: (run) => run.seed },
  { name: "Studies", of: (run) => run.studies.join("; ") || "-" },
  { name: "Label", of: (run) => nameOf("label", run.label) },
  { name: "Status", of: (run) => run.status },
  { name: "AUC, %", of: (run) => run.auc, shown: (run) => percent(run.auc) },
  { name: "RMSE", of: (run) => run.rmse, shown: (run) => fixed(run.rmse) },
];
const PAGE = 50;
const SELECTS = {
  model: (run) => [run.model],
  method: (run) => [run.method],
  study: (run) => [...new Set(run.studies.map((text) => text.split(": ")[0]))],
  label: (run) => [run.label],
  status: (run) => [run.status],
};

if (byId("run-filters")) {
  const texts = new Map(
    runsData.runs.map((run) => [run, COLUMNS.map((column) => column.of(run)).join(" ").toLowerCase()]),
  );
  let [order, down, page] = [0, false, 0];

  const compare = (one, other) => {
    const [a, b] = [COLUMNS[order].of(one), COLUMNS[order].of(other)];
    if (a === b) return one.id < other.id ? -1 : 1;
    if (a === null || b === null) return a === null ? 1 : -1; // what is undefined comes last
    return (a < b ? -1 : 1) * (down ? -1 : 1);
  };

  const cells = (run) =>
    COLUMNS.map((column, at) => {
      const text = String(column.shown ? column.shown(run) : column.of(run));
      if (at === 0) {
        const link = make("a", { href: `#run=${encodeURIComponent(run.id)}`, class: "long" }, text);
        return make("th", { scope: "row" }, link);
      }
      return make("td", { class: column.name === "Label" ? `label-${run.label}` : null }, text);
    });

  const head = () =>
    COLUMNS.map((column, at) => {
      const sorted = at === order ? (down ? "descending" : "ascending") : null;
      const mark = sorted ? (down ? " ▾" : " ▴") : "";
      const sort = () => {
        [order, down, page] = [at, at === order && !down, 0];
        update();
        document.querySelectorAll("#run-table thead button")[at].focus();
      };
      const button = make("button", { type: "button", onclick: sort }, column.name + mark);
      return make("th", { scope: "col", "aria-sort": sorted }, button);
    });

  const update = () => {
    const words = wordsOf(byId("run-text"));
    const wanted = Object.entries(SELECTS).map(([name, of]) => [byId(`run-${name}`).value, of]);
    const found = runsData.runs
      .filter((run) => matches(texts.get(run), words))
      .filter((run) => wanted.every(([value, of]) => !value || of(run).includes(value)))
      .sort(compare);
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(page, pages - 1);
    const shown = found.slice(page * PAGE, (page + 1) * PAGE);
    document.querySelector("#run-table thead tr").replaceChildren(...head());
    document.querySelector("#run-table tbody").replaceChildren(...shown.map((run) => make("tr", {}, ...cells(run))));
    byId("run-count").textContent = `${found.length} of ${runsData.runs.length} runs`;
    byId("run-page").textContent = `Page ${page + 1} of ${pages}`;
    byId("run-back").disabled = page === 0;
    byId("run-next").disabled = page === pages - 1;
  };

  for (const [name, of] of Object.entries(SELECTS)) {
    const values = [...new Set(runsData.runs.flatMap(of))].sort();
    byId(`run-${name}`).append(
      ...values.map((value) => make("option", { value }, (runsData.names[name] || {})[value] || value)),
    );
  }
  const restart = () => {
    page = 0;
    update();
  };
  byId("run-filters").addEventListener("input", restart);
  byId("run-filters").addEventListener("reset", () => setTimeout(restart)); // after the fields are empty
  byId("run-filters").addEventListener("submit", (event) => event.preventDefault());
  byId("run-back").addEventListener("click", () => [(page -= 1), update()]);
  byId("run-next").addEventListener("click", () => [(page += 1), update()]);
  update();
}
