// Tables sort by the column whose head is clicked; those of more than 20 rows get a filter.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const text = (row, column) => row.cells[column].textContent.trim();
  const isNone = (value) => value === "–";

  const compare = (column) => {
    const values = rows.map((row) => text(row, column)).filter((value) => !isNone(value));
    const isNumeric = values.every((value) => !isNaN(parseFloat(value)));
    return isNumeric
      ? (a, b) => parseFloat(a) - parseFloat(b)
      : (a, b) => a.localeCompare(b);
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.ariaSort === "ascending" ? -1 : 1;
      for (const other of heads) other.ariaSort = null;
      head.ariaSort = sign > 0 ? "ascending" : "descending";
      const order = compare(column);
      rows.sort((first, second) => {
        const [a, b] = [text(first, column), text(second, column)];
        return isNone(a) || isNone(b) ? isNone(a) - isNone(b) : sign * order(a, b);
      });
      body.append(...rows);
    });
  });

  if (rows.length > 20) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "search";
    label.append("Show rows with ", input);
    table.before(label);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/);
      for (const row of rows) {
        const content = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => content.includes(word));
      }
    });
  }
}
