// Filters on the page of all claims: a button for every verdict, each with how many claims have it.
// Without scripts the page shows all of them.
(() => {
  const tables = [...document.querySelectorAll("article table")].filter((table) => {
    const heads = [...table.querySelectorAll("th")].map((head) => head.textContent);
    return heads.includes("quote") && heads.includes("verdict");
  });
  if (!tables.length) return;

  const column = [...tables[0].querySelectorAll("th")].findIndex((head) => head.textContent === "verdict");
  const claims = tables.flatMap((table) => [...table.tBodies[0].rows]).map((row) => ({
    row,
    verdict: row.cells[column].textContent,
    section: section(row.querySelector("a").getAttribute("href").slice(1)),
  }));
  const verdicts = [...new Set(claims.map((claim) => claim.verdict))];
  const chosen = new Set();

  const bar = document.createElement("div");
  bar.className = "filters";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Show claims by verdict");
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  for (const verdict of verdicts) {
    const count = claims.filter((claim) => claim.verdict === verdict).length;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${verdict} ${count}`;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      chosen[chosen.has(verdict) ? "delete" : "add"](verdict);
      button.setAttribute("aria-pressed", String(chosen.has(verdict)));
      show();
    });
    bar.append(button);
  }
  bar.append(told);
  document.querySelector("article h2").before(bar);
  show();
  window.addEventListener("hashchange", showTarget);

  // What stands beneath a claim's heading, and the anchor above it.
  function section(id) {
    const anchor = document.getElementById(id).closest("p");
    const found = [anchor];
    for (let next = anchor.nextElementSibling; next; next = next.nextElementSibling) {
      if (next.tagName === "H2" || (next.tagName === "P" && next.querySelector(":scope > a[id]"))) break;
      found.push(next);
    }
    return found;
  }

  function show() {
    let shown = 0;
    for (const claim of claims) {
      const visible = !chosen.size || chosen.has(claim.verdict);
      claim.row.hidden = !visible;
      for (const element of claim.section) element.hidden = !visible;
      shown += visible;
    }
    told.textContent = `${shown} of ${claims.length} claims shown`;
  }

  // A link to a claim that is filtered out shows all claims again.
  function showTarget() {
    const id = decodeURIComponent(location.hash.slice(1));
    const claim = claims.find((each) => each.section[0].querySelector("a").id === id);
    if (!claim || !claim.section[0].hidden) return;
    chosen.clear();
    for (const button of bar.querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
    show();
    document.getElementById(id).scrollIntoView();
  }
})();
