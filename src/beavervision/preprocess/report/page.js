// Values under the pointer: one cursor through all strips of a person.
for (const chart of document.querySelectorAll(".chart")) {
  const { fps, frames, strips } = JSON.parse(chart.querySelector("script").textContent);
  const places = [...chart.querySelectorAll(".strip[data-kind]")];
  const cursors = places.map((place) => {
    const cursor = document.createElement("div");
    cursor.className = "cursor";
    place.querySelector(".plot").append(cursor);
    return cursor;
  });
  const said = (strip, share) => {
    const rows = strip.codes || strip.lines[0];
    const at = Math.min(rows.length - 1, Math.floor(share * rows.length));
    if (strip.codes) return strip.states[strip.codes[at]];
    return strip.lines.map((line, i) => `${strip.names[i]} ${line[at] ?? "–"}`.trim()).join(", ");
  };
  const show = (event) => {
    const box = places[0].querySelector(".plot").getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    const inside = share >= 0 && share < 1;
    const frame = Math.floor(share * frames);
    places.forEach((place, i) => {
      cursors[i].style.display = inside ? "block" : "none";
      cursors[i].style.left = `${100 * share}%`;
      place.querySelector("output").textContent = inside ? said(strips[i], share) : "";
    });
    chart.querySelector(".now").textContent = inside ? `${(frame / fps).toFixed(2)} s, frame ${frame}` : "";
  };
  chart.addEventListener("pointermove", show);
  chart.addEventListener("pointerdown", show);
}
