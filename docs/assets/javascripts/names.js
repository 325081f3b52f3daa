// The theme's search dialog has no name for those who do not see it.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");

// A table or figure that is too wide scrolls by itself; then the keyboard must reach it.
(() => {
  const reach = () => document.querySelectorAll(".md-typeset__scrollwrap, figure.drawn").forEach((wrap) => {
    if (wrap.scrollWidth > wrap.clientWidth) wrap.tabIndex = 0;
    else wrap.removeAttribute("tabindex");
  });
  addEventListener("load", reach);
  addEventListener("resize", reach);
})();
