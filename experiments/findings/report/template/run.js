// The page of one run.
const runsData = await data("runs-data");
const nameOf = (kind, value) => runsData.names[kind][value] || value;
const percent = (value) => (value === null ? "-" : (100 * value).toFixed(2));
const fixed = (value) => (value === null ? "-" : value.toFixed(3));
const multipleOf = (run) => (run.multiple === null ? "-" : `${run.multiple}x`);

function facts(run) {
  const pairs = {
    Model: nameOf("model", run.model),
    Method: nameOf("method", run.method),
    Thresholds: run.threshold || "none",
    "Learning rate": run.multiple === null ? `${run.rate}` : `${run.rate} (${multipleOf(run)})`,
    "Data seed": run.data_seed,
    "Run seed": run.seed,
    Label: nameOf("label", run.label) + (run.labelled === null ? "" : `, seen at step ${run.labelled}`),
    Status: run.status,
    "Not finite first": run.bad ? `step ${run.bad[0]}, day ${run.bad[1]}` : "never",
    Steps: run.steps,
    "AUC, %": percent(run.auc),
    RMSE: fixed(run.rmse),
  };
  const list = make("dl", {});
  for (const [name, value] of Object.entries(pairs)) {
    list.append(make("div", {}, make("dt", {}, name), make("dd", {}, String(value))));
  }
  const used = run.studies.length ? run.studies.join("; ") : "of no study on disk";
  return [list, make("p", {}, `Studies: ${used}.`), files(run)];
}

function files(run) {
  const paths = [`runs/${run.id}.json`, `runs/${run.id}.csv.gz`];
  paths.push(...runsData.files.filter((path) => path.startsWith(`runs/${run.id}.`)));
  const links = paths.flatMap((path) => [make("a", { href: encodeURI(path) }, path), " "]);
  return make("p", { class: "note" }, "Files: ", ...links);
}

function merged(kind, run) {
  const all = { ...runsData.common[kind], ...run[kind] };
  (run[kind]["-"] || []).forEach((name) => delete all[name]);
  delete all["-"];
  return Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1));
}

function listing(kind, run, caption) {
  const body = make("tbody", {});
  for (const [name, value] of merged(kind, run)) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const shown = name in run[kind] ? make("mark", {}, text) : text;
    body.append(make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, shown)));
  }
  const head = make("tr", {}, make("th", { scope: "col" }, "Name"), make("th", { scope: "col" }, "Value"));
  const id = `run-${kind}-caption`;
  const table = make("table", {}, make("caption", { id }, caption), make("thead", {}, head), body);
  return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": id }, table);
}

function doctorsWords(run) {
  if (run.words) return make("pre", {}, run.words);
  const command = make("code", {}, `make doctor RUN=${run.id}`);
  return make("p", {}, "Nobody has asked the doctor about this run: ", command, " does, and keeps the answer.");
}

function curveTraces(run) {
  const steps = runsData.steps[run.curves.at];
  const about = { auc: ["AUC", "x", "y"], loss: ["mean loss", "x2", "y2"], worst: ["largest loss", "x2", "y2"] };
  return runsData.plot.legend
    .filter((key) => run.curves[key.group])
    .map((key) => ({
      type: "scatter",
      mode: "lines+markers",
      meta: key.group,
      x: steps,
      y: run.curves[key.group],
      xaxis: about[key.group][1],
      yaxis: about[key.group][2],
      line: { color: key.colour, width: 2, dash: key.dash },
      marker: { color: key.colour, size: 4 },
      hovertemplate: `seed ${run.seed}, step %{x}<br>${about[key.group][0]} %{y:.4g}<extra></extra>`,
    }));
}

function showRun(id) {
  const run = runsData.runs.find((candidate) => candidate.id === id);
  byId("run").hidden = !run;
  byId("run-unknown").textContent = run || id === null ? "" : `No run ${id} in this report.`;
  if (!run) return;
  byId("run-title").textContent = `Run ${run.id}`;
  byId("run-facts").replaceChildren(...facts(run));
  byId("run-words").replaceChildren(doctorsWords(run));
  const differs = "; marked: what differs from most runs of this report";
  byId("run-config").replaceChildren(listing("config", run, `Configuration of ${run.id}${differs}`));
  byId("run-provenance").replaceChildren(listing("provenance", run, `Provenance of ${run.id}${differs}`));
  show(byId("run-plot"), { ...runsData.plot, data: curveTraces(run) });
  byId("run").scrollIntoView();
  byId("run-title").focus({ preventScroll: true });
}

function showRunOfAddress() {
  const found = /^#run=(.+)$/.exec(location.hash);
  let id = null;
  try {
    id = found ? decodeURIComponent(found[1]) : null;
  } catch {
    id = found[1]; // not an encoded id: shown as it stands
  }
  if (id !== null) showRun(id);
}

if (byId("run")) {
  window.addEventListener("hashchange", showRunOfAddress);
  showRunOfAddress();
}
