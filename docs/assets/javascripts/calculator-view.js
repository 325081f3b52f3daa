// How the calculator's page shows what was found: paperRepro.fill(choice, found).
(() => {
  "use strict";
  const tables = window.paperReproTables;
  const { grouped, digits } = window.paperRepro;
  const root = document.querySelector(".calculator");
  const GIB = 2 ** 30;
  const PARTS = [["adapter and its optimizer", ["adapters", "gradients", "optimizer"]],
    ["activations", ["activations"]], ["logits", ["logits"]], ["workspace", ["workspace"]]];
  const FORMS = { halves: "base", packed: "layers in NF4", cast: "embeddings, norms in 32 bits",
    copied: "output embeddings again in 16 bits" };
  const out = (name) => root.querySelector(`[data-out="${name}"]`);
  const span = (ends) => [...new Set(ends.map((end) => digits(end, 2)))].join(" – ");
  const gib = (bytes) =>
    bytes < GIB / 10 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
  const short = (card) => card.name.replace("NVIDIA ", "");

  const percent = (found) => `${digits((100 * found.trained) / found.base, 3)} %`;

  function element(tag, attributes = {}, ...inside) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...inside);
    return made;
  }

  /** Words that stay on one line. */
  const whole = (words) => element("span", { class: "whole" }, words);

  function fill(choice, found) {
    tiles(choice, found);
    out("sentence").textContent = found.sentence;
    table("shares", found.shares.map(({ label, parameters, percent: share }) =>
      [label, grouped(parameters), `${digits(share, 4)} %`]));
    table("layers", [
      ...found.layers.map((l) => [l.name, l.tower === "vision" ? "vision tower" : "language model",
        grouped(l.copies), `${grouped(l.inputs)} + ${grouped(l.outputs)}`, grouped(l.weights)]),
      [`r = ${choice.rank}, together`, "", "", "", grouped(found.trained)],
    ]);
    out("command").textContent = command(choice);
    cards(choice, found);
  }

  function tiles(choice, found) {
    const card = tables.cards[choice.card];
    const here = found.estimates?.[choice.card];
    const told = [
      ["parameters trained", grouped(found.trained),
        `${choice.rank} × ${grouped(found.trained / choice.rank)}`],
      ["of the base", percent(found), `${grouped(found.base)} parameters`],
      ["memory", here ? gib(here.bytes) : "–",
        here ? `of ${gib(card.memory)}, ${card.name}` : "not estimated, see below"],
      ["hours", here ? (here.fits ? span(here.hours) : "does not fit") : "–",
        here ? `${grouped(choice.rows * choice.epochs)} samples` : "not estimated, see below"],
    ];
    root.querySelector(".tiles").replaceChildren(...told.map(([name, value, more]) => element(
      "div", {}, element("dt", {}, name),
      element("dd", {}, element("b", {}, value), element("span", {}, more)))));
  }

  function table(name, rows, mark = () => false) {
    const body = root.querySelector(`[data-table="${name}"] tbody`);
    const cell = (inside, at) =>
      at ? element("td", {}, inside) : element("th", { scope: "row" }, inside);
    body.replaceChildren(...rows.map((cells, place) =>
      element("tr", mark(place) ? { class: "chosen" } : {}, ...cells.map(cell))));
  }

  function cards(choice, found) {
    out("why").hidden = found.estimates !== null;
    root.querySelector("[data-estimates]").hidden = found.estimates === null;
    if (found.estimates === null) {
      out("why").textContent = `Not estimated: these names also reach the vision tower (` +
        `${grouped(found.inTower)} of the weights are there), and the estimate takes it as frozen.`;
      return;
    }
    const all = Object.entries(found.estimates);
    stack(choice, found.estimates[choice.card]);
    table("cards", all.map(([id, one]) => [short(tables.cards[id]),
      one.fits ? whole(span(one.hours)) : "does not fit", bar(one.bytes, tables.cards[id].memory, one.fits),
      one.fits ? `${one.batch}${one.checkpointing ? ", recomputed" : ""}` : "–",
    ]), (place) => all[place][0] === choice.card);
    out("measured").textContent = rests(choice);
  }

  function bar(bytes, memory, fits) {
    const width = `width: ${Math.min(100, (100 * bytes) / memory).toFixed(1)}%`;
    const drawn = element("span", { class: `bar${fits ? "" : " over"}`, "aria-hidden": "true" },
      element("i", { style: width }));
    const words = `${gib(bytes)} of ${(memory / GIB).toFixed(1)}`;
    return element("span", { class: "needed" }, drawn, whole(words));
  }

  /** The parts of the memory on the chosen card, side by side; the base's by the form it is in. */
  function stack(choice, one) {
    const card = tables.cards[choice.card];
    const together = (keys) => keys.reduce((all, key) => all + one.parts[key], 0);
    const held = Object.entries(tables.bases[choice.base].held[choice.quantisation]);
    const base = held.map(([form, bytes]) => [FORMS[form], bytes, form]);
    const rest = PARTS.map(([name, keys]) => [name, together(keys), keys[0]]);
    const end = Math.max(card.memory, one.bytes);
    const drawn = [...base, ...rest].map(([, bytes, part]) => element("i", {
      class: part, style: `width: ${((100 * bytes) / end).toFixed(2)}%` }));
    const told = base.length === 1 ? base.map(item) : [element(
      "li", { class: "base" }, whole(`base ${gib(one.parts.weights)}:`), list(base.map(item)))];
    const caption = `Memory on one ${card.name}, of ${gib(card.memory)}:`;
    out("stack").replaceChildren(element("p", {}, caption),
      element("div", { class: "bar", "aria-hidden": "true" }, ...drawn),
      list([...told, ...rest.map(item)]));
  }

  const item = ([name, bytes, part]) => element(
    "li", {}, element("i", { class: part, "aria-hidden": "true" }), `${name} ${gib(bytes)}`);
  const list = (items) => element("ul", {}, ...items);

  function rests(choice) {
    const way = tables.ways[choice.way];
    const held = tables.bases[choice.base].measured && choice.quantisation === way.own;
    return `By ${way.title}. ` + (held
      ? `Held against timed steps of this base: ${way.calibration}.`
      : "Nobody timed this choice: it follows from the same forms as the steps that were timed, " +
        "those of Qwen2-VL-2B-Instruct.");
  }

  function command(choice) {
    const nf4 = choice.quantisation === "nf4" ? " --quantize nf4" : "";
    const lora = `r=${choice.rank},targets=${choice.modules.join("+")}`;
    return `python -m paper_repro count ${choice.base} --lora ${lora}${nf4}`;
  }

  Object.assign(window.paperRepro, { element, fill, percent });
})();
