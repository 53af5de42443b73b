"use strict";
(() => {
  const { trials, layers, front, search } = JSON.parse(document.getElementById("adequate-data").textContent);
  const dialog = document.getElementById("design");
  const made = (name, text, parent) => {
    const element = parent.appendChild(document.createElement(name));
    element.textContent = text;
    return element;
  };
  const slots = (number) => {
    const found = new Map(layers.map((layer) => [layer.name, {}]));
    const put = (layer, slot, text) => { found.set(layer, { ...found.get(layer), [slot]: text }); };
    for (const [layer, slot, text] of search.constant) put(layer, slot, text);
    search.knobs.forEach((knob, at) => {
      const { values } = knob.choices[search.rows[number - 1][at]];
      knob.slots.forEach(([layer, slot], i) => { if (values[i] !== null) put(layer, slot, values[i]); });
    });
    return [...found].filter(([, one]) => Object.keys(one).length);
  };
  const open = (number) => {
    const trial = trials[number - 1];
    const body = dialog.querySelector("div");
    body.replaceChildren();
    made("h2", `Trial ${number}${front.trials.includes(number) ? ", of the front" : ""}`, body);
    const figures = Object.entries(trial.figures).map(([name, value]) => `${name} ${value === null ? "∞" : Number(value.toPrecision(6))}`);
    const given_up = search.estimated.includes(number) ? ["given up on: its accuracy is an estimate"] : [];
    made("p", [trial.split, ...(trial.epochs ? [`${trial.epochs} epochs`] : []), ...figures, ...given_up].join(" · "), body).className = "muted";
    made("p", `design ${trial.digest}`, body).className = "muted mono";
    const rows = slots(number);
    const names = ["input", "weight", "multiplier", "accumulator", "output"].filter((slot) => rows.some(([, one]) => slot in one));
    const table = made("table", "", body);
    const head = made("tr", "", made("thead", "", table));
    for (const name of ["layer", ...names]) made("th", name, head);
    const cells = made("tbody", "", table);
    for (const [layer, one] of rows) {
      const row = made("tr", "", cells);
      made("th", layer, row).scope = "row";
      for (const name of names) made("code", one[name] ?? "", made("td", "", row));
    }
    if (!rows.length) made("p", "full precision", body);
    dialog.showModal();
  };
  for (const plot of document.querySelectorAll(".plot")) {
    plot.on?.("plotly_click", ({ points: [point] }) => { if (point.customdata) open(point.customdata); });
  }
  for (const button of document.querySelectorAll("button[data-trial]")) {
    button.addEventListener("click", () => open(Number(button.dataset.trial)));
  }
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
})();
