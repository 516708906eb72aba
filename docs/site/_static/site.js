// Answers are printed too: what is folded opens before printing, and closes again after it.
(() => {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach(d => (d.open = true));
  });
  addEventListener("afterprint", () => opened.forEach(d => (d.open = false)));
})();

// Its label says "Search", what it shows says more: the two have to agree for those who speak to their browser.
document.querySelectorAll(".search-button-field").forEach(button => button.removeAttribute("aria-label"));
