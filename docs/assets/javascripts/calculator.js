// The calculator's page: reads the form, shows what paperRepro.calculate finds, keeps the choice in
// the address so that a result can be linked.
(() => {
  "use strict";
  const tables = window.paperReproTables;
  const { calculate, ownRows, ways, grouped, percent, element, fill } = window.paperRepro;
  const root = document.querySelector(".calculator");
  const form = root.querySelector("form");
  const result = root.querySelector(".result");
  const NUMBERS = Object.keys(tables.highest).concat("tokens");
  const NAMES = { rank: "Rank", rows: "Training rows", epochs: "Epochs", modules: "Modules",
    batch: "Samples a pass", accumulation: "Passes an update" };
  const ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"];
  const out = (name) => root.querySelector(`[data-out="${name}"]`);

  // ---- the choice: from the form, to the form, in the address

  function read() {
    const given = new FormData(form);
    const choice = { ...tables.start, ...Object.fromEntries(given), modules: given.getAll("modules") };
    for (const name of NUMBERS) choice[name] = choice[name] === "" ? NaN : Number(choice[name]);
    return choice;
  }

  function write(choice) {
    for (const [name, value] of Object.entries(choice)) {
      if (name === "modules") continue;
      const control = form.elements[name];
      if (![...(control.options ?? [])].length || has(control, value)) control.value = value;
    }
    offer(choice.modules);
  }

  const has = (control, value) => [...control.options].some((one) => one.value === String(value));

  function linked() {
    const given = new URLSearchParams(location.hash.slice(1));
    if (!given.has("base")) return null;
    const named = Object.fromEntries([...given].filter(([name]) => name in tables.start));
    return { ...tables.start, ...named, modules: (given.get("modules") ?? "").split(",") };
  }

  /** Take a link's choice, and say what of it this page does not know. */
  function follow(choice) {
    write(choice);
    const taken = show();
    const same = (one, other) => String([one].flat().sort()) === String([other].flat().sort());
    const other = Object.keys(choice).filter(
      (name) => !same(choice[name], taken[name]) && !Number.isNaN(taken[name]));
    out("unknown").hidden = other.length === 0;
    out("unknown").textContent = other.map((name) =>
      `The link's ${name}=${choice[name]} is not known here; below it is ${taken[name]}.`).join(" ");
  }

  function link(choice) {
    const plain = (text) => encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%2C", ",");
    const pairs = Object.keys(tables.start).map((name) => `${name}=${plain(String(choice[name]))}`);
    return `#${pairs.join("&")}`;
  }

  /** Offer what there is for the base: its modules, its ways to compute a step, frames or none. */
  function offer(modules) {
    const base = tables.bases[form.elements.base.value];
    const names = Object.keys(base.modules);
    const kept = modules.filter((name) => names.includes(name));
    root.querySelector("[data-modules]").replaceChildren(...names.map((name) => {
      const box = element("input", { type: "checkbox", name: "modules", value: name });
      box.checked = kept.includes(name);
      return element("label", { class: "chip" }, box, element("span", {}, name));
    }));
    form.elements.frame.disabled = !base.frames;
    const way = form.elements.way;
    const { base: { value: hub }, quantisation: { value: quantisation } } = form.elements;
    const there = ways({ base: hub, quantisation });
    for (const option of way.options) option.hidden = option.disabled = !there.includes(option.value);
    if (!there.includes(way.value)) way.value = there[0];
  }

  // ---- the result

  function show() {
    const choice = read();
    const found = calculate(choice);
    const fine = found.problems.length === 0;
    mark(choice, found.problems);
    root.querySelector(".numbers").hidden = !fine;
    const headline = root.querySelector(".headline");
    headline.classList.toggle("amiss", !fine);
    headline.textContent = fine
      ? `${grouped(found.trained)} parameters are trained: ${percent(found)} of the base.`
      : found.problems.map(expectation).join(" ");
    if (fine) fill(choice, found);
    return choice;
  }

  const expectation = ({ field, expected }) => `${NAMES[field] ?? field}: ${expected} is expected.`;

  /** What is to be said of fields that are as they should be. */
  function remarks(choice) {
    const frame = tables.bases[choice.base].frames ? "" : "Text model: no frame.";
    const rows = ownRows(choice) ? "" : "The study's number: hours use it, the sentence leaves it out.";
    return { frame, rows };
  }

  function mark(choice, problems) {
    const amiss = new Map(problems.map(({ field, expected }) => [field, `Expected: ${expected}.`]));
    const fine = remarks(choice);
    for (const remark of form.querySelectorAll(".remark")) {
      const name = remark.id.replace(/^calc-|-remark$/g, "");
      remark.textContent = amiss.get(name) ?? fine[name] ?? "";
      remark.hidden = remark.textContent === "";
      remark.classList.toggle("amiss", amiss.has(name));
      form.querySelector(`#calc-${name}`)?.setAttribute("aria-invalid", String(amiss.has(name)));
    }
  }

  // ---- what a reader does

  async function copy(button) {
    changed();
    await put(button.dataset.copy === "link" ? location.href : out("sentence").textContent);
    const words = button.dataset.words ??= button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = words; }, 1500);
  }

  /** Onto the clipboard; by way of a selection where a browser keeps it from pages. */
  async function put(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element("textarea", { "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  function choose(modules) {
    offer(modules);
    changed();
  }

  function changed() {
    const choice = show();
    out("unknown").hidden = true;
    if (calculate(choice).problems.length === 0) history.replaceState(null, "", link(choice));
  }

  form.addEventListener("input", (event) => {
    const { name, value, checked } = event.target;
    const chosen = new FormData(form).getAll("modules");
    if (name === "modules" && checked) {
      const alone = value === "all-linear";
      offer(chosen.filter((one) => (one === "all-linear") === alone));
      form.querySelector(`[name="modules"][value="${value}"]`).focus();
    } else if (name === "base" || name === "quantisation") {
      offer(chosen);
    }
    changed();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  root.addEventListener("click", ({ target }) => {
    const { preset, rank, copy: copies, reset } = target.dataset;
    if (rank) { form.elements.rank.value = rank; changed(); }
    if (preset) choose(preset === "attention" ? ATTENTION : Object.keys(
      tables.bases[form.elements.base.value].modules).filter((name) => name !== "all-linear"));
    if (copies) copy(target);
    if (reset !== undefined) { write(tables.start); changed(); }
  });
  window.addEventListener("hashchange", () => { if (linked()) follow(linked()); });

  follow(linked() ?? tables.start);
  form.hidden = result.hidden = false;
})();
