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

// A formula too wide for the screen is set smaller; it scrolls where that would make it hard to read.
const SMALLEST = 0.6;
function fit() {
  for (const formula of document.querySelectorAll('mjx-container[display="true"]')) {
    formula.dataset.size ??= parseFloat(formula.style.fontSize) || 100;
    formula.style.fontSize = `${formula.dataset.size}%`;
    const room = formula.clientWidth / formula.scrollWidth;
    if (room < 1) formula.style.fontSize = `${formula.dataset.size * Math.max(SMALLEST, room * 0.99)}%`;
  }
}
addEventListener("load", () => window.MathJax?.startup?.promise.then(fit));
addEventListener("resize", fit);
