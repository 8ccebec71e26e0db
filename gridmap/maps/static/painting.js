/* Paints the grids and what stands on them, in the colours and lines of the rest. */
GridMap.base(g => g.tiled.begins.push(tiled => {
  'use strict';
  const { on, look, isOn, pathOf, sheet, sheets, Sheet } = tiled;

  const PLATES_FROM = 16.5;
  const DASHED_FROM = 14.5;

  function strokeWith(ctx, path, { color, weight, opacity = 1, dashArray }, pixel) {
    ctx.strokeStyle = color;
    ctx.globalAlpha = opacity;
    ctx.lineWidth = weight * pixel;
    ctx.lineJoin = 'round';
    ctx.setLineDash(dashArray && g.map.getZoom() >= DASHED_FROM ? dashArray.split(' ').map(each => each * pixel) : []);
    ctx.stroke(path);
  }

  function fillWith(ctx, path, colour, opacity) {
    ctx.fillStyle = colour;
    ctx.globalAlpha = opacity;
    ctx.fill(path, 'evenodd');
  }

  const pressed = name => document.querySelector(`[data-layer="${name}"]`)?.getAttribute('aria-pressed') === 'true';

  // ------------------------------------------------------------ grids

  let loads = null;
  let isPainted = false;
  let pointedAt = null;
  const paint = g.paint;
  g.paint = given => {
    isPainted = Boolean(given);
    paint(given);
  };

  const openOf = code => (loads ? loads[code] : g.openIn.get(code)) || 0;

  function loadOf({ code, households }) {
    if (!households || !pressed('load')) return null;
    const load = (100 * openOf(code)) / households;
    const step = look().loadBreaks.filter(each => load >= each).length;
    return step ? { colour: look().loadColours[step], opacity: pressed('heat') ? 0.18 : 0.56 } : null;
  }

  const colourOf = said => g.painted(said.code, said.tier) || (isPainted ? null : loadOf(said));
  const deepest = features => features.reduce((tier, { said }) => Math.max(tier, said.tier), 0);

  function paintLand(ctx, features) {
    for (const feature of features) if (feature.said.tier === 1) fillWith(ctx, pathOf(feature), look().land, 1);
  }

  function paintCells(ctx, features, pixel) {
    const tier = deepest(features);
    if (!tier || !isOn(`tier${tier}`)) return;
    const line = g.tierStyle(tier);
    const shown = features.filter(({ said }) => said.tier === tier);
    for (const feature of shown) {
      const found = colourOf(feature.said);
      if (found) fillWith(ctx, pathOf(feature), found.colour, found.opacity);
    }
    for (const feature of shown) strokeWith(ctx, pathOf(feature), line, pixel);
  }

  function paintRing(ctx, features, pixel) {
    for (const feature of features) {
      if (feature.said.code === pointedAt) strokeWith(ctx, pathOf(feature), { color: look().pointed, weight: 2.4 }, pixel);
    }
  }

  function paintTiers(ctx, features, pixel) {
    const below = deepest(features);
    const of = tier => features.filter(({ said }) => said.tier === tier && isOn(`tier${tier}`));
    const casing = { color: look().casing, weight: look().tiers[1].casing * g.growth(), opacity: 0.85 };
    for (const feature of of(1)) strokeWith(ctx, pathOf(feature), casing, pixel);
    for (const tier of [3, 2, 1]) {
      if (tier >= below && below !== 1) continue;
      for (const feature of of(tier)) strokeWith(ctx, pathOf(feature), g.tierStyle(tier), pixel);
    }
  }

  // ------------------------------------------------------------ what stands on them

  function paintBuildings(ctx, features, pixel) {
    if (!isOn('buildings')) return;
    for (const feature of features) {
      const path = pathOf(feature);
      fillWith(ctx, path, look().buildings[g.useOf(feature.said.use)], 1);
      strokeWith(ctx, path, { color: look().buildingEdge, weight: 0.7 }, pixel);
    }
  }

  const groundOf = said => look().ground[said.kind];

  function paintGround(ctx, features, pixel) {
    const ground = features.filter(({ said }) => groundOf(said)).sort((a, b) => groundOf(a.said).order - groundOf(b.said).order);
    const metre = pixel / g.metresPerPixel();
    for (const feature of ground) {
      const { fill, edge, width_m: width } = groundOf(feature.said);
      const path = pathOf(feature);
      if (feature.kind === 3) fillWith(ctx, path, fill, 1);
      else if (feature.kind === 2) {
        const weight = Math.max(1.2 * pixel, width * metre);
        if (edge) strokeWith(ctx, path, { color: edge, weight: weight / pixel + 2 }, pixel);
        strokeWith(ctx, path, { color: fill, weight: weight / pixel }, pixel);
      }
    }
  }

  const colourOfState = state => look().facilities[state] || look().facilities.in_order;

  function paintFacilities(ctx, features, pixel) {
    if (!isOn('facilities')) return;
    for (const feature of features) {
      if (groundOf(feature.said)) continue;
      const colour = colourOfState(feature.said.state);
      if (feature.kind === 1) paintPlate(ctx, feature, colour, pixel);
      else {
        if (feature.kind === 3) fillWith(ctx, pathOf(feature), colour, feature.said.level ? 0.03 : 0.06);
        strokeWith(ctx, pathOf(feature), { color: colour, weight: 1.1 * g.growth(), opacity: 0.5, dashArray: feature.said.level ? '6 4' : null }, pixel);
      }
    }
  }

  function paintPlate(ctx, { parts: [[x, y]] }, colour, pixel) {
    if (g.map.getZoom() < PLATES_FROM) return;
    const half = 5 * pixel;
    ctx.beginPath();
    ctx.roundRect(x - half, y - half, 2 * half, 2 * half, 2.5 * pixel);
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    ctx.lineWidth = 2 * pixel;
    ctx.strokeStyle = look().casing;
    ctx.stroke();
    ctx.fillStyle = colour;
    ctx.fill();
  }

  // ------------------------------------------------------------ in their panes

  sheet(
    ['grids', 'ground', paintLand], ['facilities', 'ground', paintGround], ['grids', 'cells', paintCells],
    ['buildings', 'buildings', paintBuildings], ['facilities', 'lines', paintFacilities],
  );
  sheet(['grids', 'tiers', paintTiers]);

  // What is pointed at has a picture of its own: none else is painted for it.
  const Ring = Sheet.extend({
    _paint() { return pointedAt ? Sheet.prototype._paint.call(this) : 0; },
  });
  const ring = on.grids ? new Ring('tiers', ['grids', paintRing]).addTo(g.map) : null;

  const redrawCells = () => sheets.filter(each => each.steps.some(([, how]) => how === paintCells)).forEach(each => each.draw());
  Object.assign(tiled, {
    deepest, groundOf, openOf, PLATES_FROM, redrawCells,
    point: code => {
      if (code === pointedAt) return;
      pointedAt = code;
      ring?.draw();
    },
    load: given => { loads = given; },
  });
}));
