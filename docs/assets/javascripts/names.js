// The theme's search dialog has no name for those who do not see it.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
