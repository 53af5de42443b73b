"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("adequate-figures").textContent);
  const styled = (value, style) => {
    if (typeof value === "string") return value.replace(/^var\((--[a-z]+)\)$/, (_, name) => style.getPropertyValue(name).trim());
    if (Array.isArray(value)) return value.map((one) => styled(one, style));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, styled(one, style)]));
    return value;
  };
  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    for (const [name, figure] of Object.entries(figures)) {
      const { data, layout } = styled(figure, style);
      Plotly.react(`plot-${name}`, data, layout, { responsive: true, displayModeBar: false });
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
