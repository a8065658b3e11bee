(() => {
  "use strict";

  // No button of plotly may send a chart to its makers.
  const CONFIG = {
    responsive: true,
    displaylogo: false,
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  };
  const FADED = "#dfe3e7";
  const MARGIN = 8;

  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const strengths = read("edge-strengths");

  // --- labels of the flat map: as many as fit without lying on each other -------------------------

  const pen = document.createElement("canvas").getContext("2d");

  function box(spot, x, y, width, height, radius) {
    const gap = radius + 2;
    const left = { left: x - gap - width, center: x - width / 2, right: x + gap }[spot[1]];
    const top = { top: y - gap - height, middle: y - height / 2, bottom: y + gap }[spot[0]];
    return [left, top, left + width, top + height];
  }

  const SPOTS = ["middle right", "middle left", "top center", "bottom center", "top right", "top left", "bottom right", "bottom left"];
  const clash = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

  function placeLabels(host, layout, points, font) {
    const { labels, priority, exemplar, visible } = points.meta;
    const [x0, x1] = layout.xaxis.range;
    const [y0, y1] = layout.yaxis.range;
    const width = host.clientWidth - 2 * MARGIN;
    const height = host.clientHeight - 2 * MARGIN;
    const at = labels.map((_, i) => [
      ((points.x[i] - x0) / (x1 - x0)) * width,
      ((y1 - points.y[i]) / (y1 - y0)) * height,
      points.marker.size[i] / 2,
    ]);
    const dots = at.map(([x, y, r]) => [x - r, y - r, x + r, y + r]);
    const taken = [];
    const text = labels.map(() => "");
    const textposition = labels.map(() => "middle right");
    for (const i of priority) {
      const [x, y, radius] = at[i];
      if (!visible(i) || x < 0 || y < 0 || x > width || y > height) continue;
      pen.font = `${exemplar[i] ? "bold " : ""}${font.size}px ${font.family}`;
      const wide = pen.measureText(labels[i]).width;
      const places = SPOTS.map((spot) => ({ spot, area: box(spot.split(" "), x, y, wide, font.size * 1.15, radius) })).filter(
        ({ area }) => area[0] >= 0 && area[1] >= 0 && area[2] <= width && area[3] <= height && !taken.some((other) => clash(area, other)),
      );
      const free = places.find(({ area }) => !dots.some((dot, j) => j !== i && visible(j) && clash(area, dot)));
      const place = free ?? (exemplar[i] ? places[0] : undefined); // an exemplar's name may lie on a point
      if (!place) continue;
      taken.push(place.area);
      text[i] = escaped(labels[i], exemplar[i]);
      textposition[i] = place.spot;
    }
    return { text, textposition };
  }

  // Plotly reads labels as HTML: names are strangers' and must stay text.
  function escaped(label, bold) {
    const safe = label.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    return bold ? `<b>${safe}</b>` : safe;
  }

  // --- the two maps: which edges, which positions, which cluster ----------------------------------

  function networkMap(host, figure) {
    const lines = figure.data.slice(0, -1);
    const points = figure.data[figure.data.length - 1];
    const layout = figure.layout;
    const meta = points.meta;
    const flat = points.type === "scatter";
    const axes = flat ? ["x", "y"] : ["x", "y", "z"];
    const colours = points.marker.color;
    const outlines = points.marker.line?.color;
    const controls = document.querySelector(`[data-controls="${host.id}"]`);
    const chips = [...document.querySelectorAll(`[data-legend="${host.id}"] button`)];
    const font = { size: points.textfont.size, family: layout.font.family };
    let alone = null;
    meta.visible = (i) => alone === null || meta.cluster[i] === alone;

    function movePoints() {
      const view = controls.elements.view.value;
      axes.forEach((axis, k) => (points[axis] = meta.views[view][k]));
      points.marker.color = colours.map((colour, i) => (meta.visible(i) ? colour : FADED));
      if (!flat) {
        layout.scene.uirevision = "kept";
        layout.scene.annotations = spatialLabels();
        return;
      }
      points.marker.line.color = outlines.map((outline, i) => (meta.visible(i) ? outline : FADED));
      if (layout.uirevision !== view) {
        layout.uirevision = view;
        for (const axis of axes) {
          const low = Math.min(...points[axis]);
          const high = Math.max(...points[axis]);
          layout[`${axis}axis`].range = [low - 0.06 * (high - low), high + 0.06 * (high - low)];
        }
      }
    }

    function spatialLabels() {
      const shown = alone === null ? meta.priority.slice(0, meta.n_labels) : meta.priority.filter(meta.visible);
      return shown.map((i) => ({
        x: points.x[i],
        y: points.y[i],
        z: points.z[i],
        text: escaped(meta.labels[i], meta.exemplar[i]),
        font: points.textfont,
        showarrow: false,
        yshift: points.marker.size[i] / 2 + 7,
      }));
    }

    function moveEdges() {
      const count = Number(controls.elements.count.value);
      for (const line of lines) {
        const { rank, a, b, colours: inks } = line.meta;
        const ends = Object.fromEntries(axes.map((axis) => [axis, []]));
        const ink = [];
        for (let k = 0; k < rank.length && rank[k] < count; k += 1) {
          if (!meta.visible(a[k]) && !meta.visible(b[k])) continue;
          for (const axis of axes) ends[axis].push(points[axis][a[k]], points[axis][b[k]], null);
          if (inks.length) ink.push(inks[k], inks[k], inks[k]);
        }
        Object.assign(line, ends);
        line.visible = ends.x.length > 0;
        if (inks.length) line.line = { ...line.line, color: ink };
      }
      const total = strengths.length;
      const least = count ? `, partial correlation from ${strengths[count - 1].toFixed(3)}` : "";
      controls.elements.told.value = `${count.toLocaleString("en")} strongest of ${total.toLocaleString("en")}${least}`;
    }

    function draw() {
      movePoints();
      moveEdges();
      if (flat) Object.assign(points, placeLabels(host, layout, points, font));
      return Plotly.react(host, figure.data, layout, { ...CONFIG, displayModeBar: true });
    }

    let asked = false;
    function redraw() {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        draw();
      });
    }

    controls.addEventListener("input", redraw);
    controls.addEventListener("submit", (event) => event.preventDefault());
    for (const chip of chips) {
      chip.addEventListener("click", () => {
        const cluster = Number(chip.dataset.cluster);
        alone = alone === cluster ? null : cluster;
        for (const other of chips) other.setAttribute("aria-pressed", String(Number(other.dataset.cluster) === alone));
        redraw();
      });
    }
    // Another part or size of the map has room for other names.
    return draw().then(() => flat && host.on("plotly_relayout", redraw));
  }

  async function drawAll() {
    // One after the other, so that the first map can be read while the rest is drawn.
    for (const host of document.querySelectorAll("[data-figure]")) {
      const figure = read(host.dataset.figure);
      if (host.id.startsWith("map-")) await networkMap(host, figure);
      else await Plotly.newPlot(host, figure.data, figure.layout, { ...CONFIG, displayModeBar: false });
      await new Promise((resolve) => setTimeout(resolve));
    }
    document.documentElement.setAttribute("data-drawn", "true");
  }

  drawAll();
})();
