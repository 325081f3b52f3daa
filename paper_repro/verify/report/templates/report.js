(() => {
  const claims = [...document.querySelectorAll(".claim")];
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const texts = claims.map((claim) => claim.textContent.toLowerCase());
  const count = () => {
    const visible = claims.filter((claim) => claim.getClientRects().length > 0).length;
    shown.textContent = visible === claims.length ? "" : `${visible} of ${claims.length} shown`;
  };
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    claims.forEach((claim, index) =>
      claim.classList.toggle("unmatched", !words.every((word) => texts[index].includes(word))));
    count();
  };
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches(".claim")) {
      document.getElementById("verdict-all").checked = true;
      document.getElementById("level-all").checked = true;
      search.value = "";
      apply();
      target.querySelector("details").open = true;
      target.scrollIntoView();
    }
  };
  document.querySelector(".search").hidden = false;
  search.addEventListener("input", apply);
  document.querySelector(".filters").addEventListener("change", count);
  addEventListener("hashchange", open);
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
  apply();
  open();
})();
