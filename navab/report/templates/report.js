"use strict";
// Sorting: a press on a column's button sorts its table, a second press turns the order round.
const sortable = (cell) => {
  const value = cell.dataset.value ?? cell.textContent.trim();
  return value !== "" && !Number.isNaN(Number(value)) ? Number(value) : value.toLocaleLowerCase();
};
const compare = (a, b) =>
  typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
for (const head of document.querySelectorAll("th[data-sort]")) {
  const button = head.querySelector("button");
  button.addEventListener("click", () => {
    const ascending = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    const column = head.cellIndex;
    const rows = [...body.rows].map((row) => [sortable(row.cells[column]), row]);
    rows.sort((a, b) => (ascending ? 1 : -1) * compare(a[0], b[0]));
    body.append(...rows.map((pair) => pair[1]));
  });
}
// Filtering: every field of a filter form narrows the items of the list that the form names.
for (const form of document.querySelectorAll("form[data-filters]")) {
  const items = [...document.querySelectorAll(form.dataset.filters)];
  const texts = items.map((item) => item.textContent.toLocaleLowerCase());
  const status = form.querySelector("output");
  const apply = () => {
    const words = form.elements.words.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const choices = [...form.querySelectorAll("select")].filter((choice) => choice.value);
    let shown = 0;
    items.forEach((item, index) => {
      const fits =
        choices.every((choice) => item.dataset[choice.name] === choice.value) &&
        words.every((word) => texts[index].includes(word));
      item.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    status.textContent = `${shown} of ${items.length} shown`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}
// Printing opens what is folded.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
