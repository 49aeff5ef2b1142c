"use strict";
// Filter and sort of the rows of each kind, and the button that copies the code.
for (const form of document.querySelectorAll("form.controls")) {
  const section = form.closest("section");
  const rows = [...section.querySelectorAll(".row")];
  const list = rows[0].parentNode;
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const update = () => {
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    const words = value("find").toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) =>
      ["given", "likelier"].every((name) => value(name) === "" || row.dataset[name] === value(name)) &&
      words.every((word) => texts.get(row).includes(word));
    let shown = 0;
    for (const row of rows) {
      row.hidden = !fits(row);
      shown += !row.hidden;
    }
    const key = value("sort");
    const number = (row) => (row.dataset[key] === undefined ? NaN : Number(row.dataset[key]));
    const sign = key === "probability" ? -1 : 1;
    const order = rows.slice();
    if (key) {
      order.sort((a, b) => {
        const [left, right] = [number(a), number(b)];
        if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) - Number.isNaN(right);
        return sign * (left - right);
      });
    }
    list.append(...order);
    form.querySelector(".shown").value = `${shown} of the ${rows.length} listed`;
    section.querySelector(".nothing").hidden = shown > 0;
  };

  form.addEventListener("input", update);
  form.addEventListener("reset", () => setTimeout(update));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  update();
}

// On a narrow screen a row of a table is a list of its cells, each with the name of its column.
for (const table of document.querySelectorAll("table.rows")) {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  for (const row of table.querySelectorAll(".row")) {
    [...row.rows[0].cells].slice(3).forEach((cell, place) => (cell.dataset.name = names[place + 3]));
  }
  table.classList.add("named");
}

for (const link of document.querySelectorAll(".pairs a")) {
  link.addEventListener("click", () => {
    const form = document.querySelector("#label form.controls");
    for (const name of ["given", "likelier"]) {
      const select = form && form.elements[name];
      if (!select) continue;
      const option = [...select.options].find((one) => one.textContent === link.dataset[name]);
      select.value = option ? option.value : "";
    }
    if (form) form.dispatchEvent(new Event("input"));
  });
}

for (const button of document.querySelectorAll("button.copy")) {
  const code = document.getElementById(button.dataset.copies);
  const status = button.parentNode.querySelector(".copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      status.textContent = "Copied.";
    } catch {
      code.closest("details").open = true;
      getSelection().selectAllChildren(code);
      status.textContent = document.execCommand("copy") ? "Copied." : "Selected: copy it with your keyboard.";
    }
  });
}
