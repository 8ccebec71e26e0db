/* Names of grids that come as tiles. */
GridMap.base(g => g.tiled.begins.push(tiled => {
  'use strict';
  const { UNITS, isOn, tilesIn } = tiled;

  const LABELS = {
    1: { className: 'gm-l1', from: 0, to: 17.3, say: said => said.name },
    2: { className: 'gm-l2', from: 11, to: 18.4, say: said => shortOf(said.code) },
    3: { className: 'gm-l3', from: 14.5, to: 22, say: said => shortOf(said.code) },
  };
  const pane = g.pane('labels');
  const widths = new Map();
  const shownLabels = new Map();

  const shortOf = code => (code.startsWith(`${g.config.site}-`) ? code.slice(g.config.site.length + 1) : code);

  function widthOf(className, words) {
    const name = `${className} ${words}`;
    if (!widths.has(name)) {
      const box = g.node('div', `gm-label ${className}`, words);
      pane.append(box);
      widths.set(name, [box.offsetWidth, box.offsetHeight]);
      box.remove();
    }
    return widths.get(name);
  }

  /* Where there is room in its grid, and neither a larger grid's name nor an issue stands. */
  function placeLabels() {
    const zoom = g.map.getZoom();
    const size = g.map.getSize();
    const corner = g.map.containerPointToLayerPoint([0, 0]);
    const bounds = L.bounds(corner, corner.add(size));
    const perPixel = g.metresPerPixel();
    const taken = tiled.spots().map(({ said, x, y }) => around(x, y, tiled.reachOf(said)));
    const wanted = [];
    for (const { features, left, top, size: side } of tilesIn('labels', bounds)) {
      for (const { said, parts: [[x, y]] } of features) {
        const rule = LABELS[said.tier];
        if (zoom < rule.from || zoom > rule.to || !isOn(`tier${said.tier}`)) continue;
        wanted.push({ said, rule, x: left + (x * side) / UNITS, y: top + (y * side) / UNITS, radius: said.r / perPixel });
      }
    }
    wanted.sort((a, b) => a.said.tier - b.said.tier || b.radius - a.radius);
    const placed = new Set();
    for (const each of wanted) if (stand(each, taken)) placed.add(each.said.code);
    for (const [code, box] of shownLabels) {
      if (placed.has(code)) continue;
      box.remove();
      shownLabels.delete(code);
    }
  }

  const around = (x, y, half) => [x - half, y - half, x + half, y + half];
  const meet = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];

  function stand({ said, rule, x, y, radius }, taken) {
    const words = rule.say(said);
    if (!words || (rule.className !== 'gm-l1' && radius < words.length * 2.4)) return false;
    const [width, height] = widthOf(rule.className, words);
    if (rule.className !== 'gm-l1' && width * 0.4 > radius * 1.1) return false;
    const box = [x - width / 2 - 3, y - height / 2 - 2, x + width / 2 + 3, y + height / 2 + 2];
    if (taken.some(other => meet(box, other))) return false;
    taken.push(box);
    const shown = shownLabels.get(said.code) || pane.appendChild(g.node('div', `gm-label ${rule.className}`, words));
    shown.style.transform = `translate(${Math.round(x - width / 2)}px,${Math.round(y - height / 2)}px)`;
    shownLabels.set(said.code, shown);
    return true;
  }


  Object.assign(tiled, { placeLabels, shortOf });
}));
