// What the calculator computes, as one pure function: paperRepro.calculate(choice).
// Counting is done here. Memory and hours are evaluated from the coefficients that the package
// worked out (calculator-data.js); tests compare every number with the package's own.
(() => {
  "use strict";
  const tables = window.paperReproTables;
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  const has = (table, name) => Object.prototype.hasOwnProperty.call(table, name);
  const grouped = (number) => number.toLocaleString("en-US", { maximumFractionDigits: 20 });
  const digits = (number, count) => grouped(Number(number.toPrecision(count)));

  /** What is amiss with a choice: fields, and what each expects; empty where nothing is. */
  function problems(choice) {
    const found = [];
    const base = has(tables.bases, choice.base) ? tables.bases[choice.base] : null;
    const expect = (field, fine, expected) => fine || found.push({ field, expected });
    expect("base", base, "one of the bases in the list");
    for (const [field, highest] of Object.entries(tables.highest)) {
      const fine = Number.isInteger(choice[field]) && choice[field] >= 1 && choice[field] <= highest;
      expect(field, fine, `a whole number from 1 to ${grouped(highest)}`);
    }
    const form = has(tables.sentences, choice.quantisation);
    expect("quantisation", form, "NF4 or none");
    expect("card", has(tables.cards, choice.card), "one of the cards in the list");
    expect("tokens", tables.tokens.includes(choice.tokens), "one of the numbers in the list");
    if (!base) return found;
    const names = Object.keys(base.modules);
    const some = choice.modules.length > 0 && choice.modules.every((name) => names.includes(name));
    expect("modules", some, `at least one of ${names.join(", ")}`);
    const alone = choice.modules.length < 2 || !choice.modules.includes("all-linear");
    expect("modules", alone, "all-linear by itself, or names of layers");
    if (base.frames) expect("frame", frames().includes(choice.frame), "one of the sizes in the list");
    if (form) expect("way", ways(choice).includes(choice.way), `one of ${ways(choice).join(", ")}`);
    return found;
  }

  const frames = () => tables.frames.map((size) => size.join("x"));

  /** Ways to compute a step that there are for a base in this form. */
  function ways({ base, quantisation }) {
    const offered = tables.bases[base].ways;
    return offered.filter((way) => tables.ways[way].quantisations.includes(quantisation));
  }

  /** The layers that carry the adapter, in the order of the model: r · (inputs + outputs) each. */
  function wrapped({ base, modules, rank }) {
    const known = tables.bases[base].modules;
    const chosen = Object.keys(known).filter((name) => modules.includes(name));
    return chosen.flatMap((name) =>
      known[name].map(([layer, tower, copies, inputs, outputs]) => ({
        name: layer, tower, copies, inputs, outputs, weights: rank * copies * (inputs + outputs),
      })));
  }

  function shares({ base, quantisation }, trained) {
    const wholes = Object.entries(tables.bases[base].wholes);
    return wholes
      .filter(([id]) => id !== "packed-4bit" || quantisation === "nf4")
      .map(([id, bare]) => {
        const parameters = id === "total" ? bare + trained : bare;
        return { id, label: tables.labels[id], parameters, percent: (100 * trained) / parameters };
      });
  }

  /** Coefficients of one sample, by name. */
  function sampleOf(choice, how) {
    const base = tables.bases[choice.base];
    const frame = base.frames ? frames().indexOf(choice.frame) : 0;
    const row = frame * tables.tokens.length + tables.tokens.indexOf(choice.tokens);
    const numbers = base.hows[how].samples[row];
    return Object.fromEntries(tables.columns.map((name, place) => [name, numbers[place]]));
  }

  function memory(choice, adapter, how, batch) {
    const { hows, held } = tables.bases[choice.base];
    const fixed = hows[how][choice.quantisation];
    const one = sampleOf(choice, how);
    const update = choice.batch * choice.accumulation;
    const kept = one.activations + one.ofRank * adapter.ranks + one.ofDropped * adapter.dropped;
    return {
      weights: sum(Object.values(held[choice.quantisation])),
      adapters: fixed.adapters * adapter.trained,
      gradients: fixed.gradients * adapter.trained,
      optimizer: fixed.optimizer * adapter.trained,
      activations: batch * kept + Math.max(batch, update) * one.pixels,
      logits: batch * one.logits,
      workspace: fixed.workspace,
    };
  }

  /** The largest pass that fits, then with layers computed again; the smallest where none does. */
  function fitted(choice, adapter, card) {
    const way = tables.ways[choice.way];
    const passes = tables.passes.filter((batch) => batch <= (way.most ?? choice.batch));
    let last;
    for (const how of way.tried) {
      for (const batch of passes) {
        const parts = memory(choice, adapter, how, batch);
        const bytes = sum(Object.values(parts));
        last = { how, batch, parts, bytes, fits: bytes <= tables.room * card.memory };
        if (last.fits) return last;
      }
    }
    return last;
  }

  /** Seconds of one sample: what the card needs, and the least and the most of the host. */
  function seconds(choice, adapter, card, { how, batch }) {
    const way = tables.ways[choice.way];
    const shared = tables.bases[choice.base].hows[how][choice.quantisation];
    const one = sampleOf(choice, how);
    const picture = way.cached ? [0, 0] : [one.pictureLow, one.pictureHigh];
    return {
      arithmetic: (one.flops + one.flopsOfWeight * adapter.trained) / card.rate[way.rate],
      memory: (one.between + shared.read / batch) / card.bandwidth,
      unpacking: shared.unpacked / batch / card.bandwidth,
      host: shared.launching.map((end, place) => end / batch + picture[place]),
    };
  }

  function estimate(choice, adapter, card) {
    const pass = fitted(choice, adapter, card);
    const { host, ...parts } = seconds(choice, adapter, card, pass);
    const busy = sum(Object.values(parts));
    const one = sampleOf(choice, pass.how);
    const tower = (choice.rows * one.towerOnce) / card.rate[tables.ways[choice.way].rate];
    const once = tower
      ? [tower + choice.rows * one.pictureLow, tower * tables.slack + choice.rows * one.pictureHigh]
      : [0, 0];
    const samples = choice.rows * choice.epochs;
    const least = Math.max(busy, host[0]) * samples + once[0];
    const most = (busy * tables.slack + host[1]) * samples + once[1];
    const longest = Object.keys(parts).reduce((a, b) => (parts[b] > parts[a] ? b : a));
    return {
      ...pass,
      checkpointing: tables.checkpointing.includes(pass.how),
      hours: [least / tables.hour, most / tables.hour],
      boundBy: host[0] > busy ? "launches" : longest,
    };
  }

  /** Estimates by card; none where the tower is trained, which they take as frozen. */
  function estimates(choice, layers, trained) {
    if (layers.some((layer) => layer.tower === "vision")) return null;
    const ranks = layers.some((layer) => layer.name === "q_proj") ? choice.rank : 0;
    const dropped = sum(layers.map((layer) => layer.inputs));
    const adapter = { trained, ranks, dropped };
    const all = Object.entries(tables.cards);
    return Object.fromEntries(all.map(([id, card]) => [id, estimate(choice, adapter, card)]));
  }

  /** Whether the rows are the run's own: those that the page begins with are the study's alone. */
  const ownRows = ({ base, rows }) => base === tables.start.base || rows !== tables.start.rows;

  function sentence(choice, trained, base) {
    const words = {
      name: choice.base,
      rank: choice.rank,
      modules: moduleWords(choice),
      rows: grouped(choice.rows),
      trained: grouped(trained),
      share: `${digits((100 * trained) / base, 3)} %`,
      base: grouped(base),
    };
    const { full, rowless } = tables.sentences[choice.quantisation];
    return (ownRows(choice) ? full : rowless).replace(/\{(\w+)\}/g, (_, name) => words[name]);
  }

  function moduleWords({ base, modules }) {
    const known = tables.bases[base];
    if (modules.includes("all-linear")) {
      return known.frames ? "all-linear, layers of the vision tower included" : "all linear layers";
    }
    const names = Object.keys(known.modules).filter((name) => modules.includes(name));
    const last = names.pop();
    return names.length ? `${names.join(", ")} and ${last}` : last;
  }

  function calculate(choice) {
    const amiss = problems(choice);
    if (amiss.length) return { problems: amiss };
    const layers = wrapped(choice);
    const trained = sum(layers.map((layer) => layer.weights));
    const wholes = tables.bases[choice.base].wholes;
    return {
      problems: [],
      layers,
      trained,
      inTower: sum(layers.filter((l) => l.tower === "vision").map((l) => l.weights)),
      base: wholes.base,
      total: wholes.base + trained,
      naive: choice.quantisation === "nf4" ? wholes["packed-4bit"] + trained : null,
      shares: shares(choice, trained),
      estimates: estimates(choice, layers, trained),
      sentence: sentence(choice, trained, wholes.base),
    };
  }

  window.paperRepro = { calculate, ownRows, ways, grouped, digits };
})();
