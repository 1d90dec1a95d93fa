"use strict";
// The filter lives in the address, so that a view can be linked and comes back after a reload.
const form = document.getElementById("filter");
const findings = Array.from(document.querySelectorAll("details.finding"));
const shown = document.getElementById("shown");
const more = document.getElementById("more");
const PAGE = 200;
let limit = PAGE;

// Searched as one text: what the eye can see of a finding, its diff too.
const texts = new Map();
function textOf(finding) {
  if (!texts.has(finding)) texts.set(finding, finding.textContent.toLowerCase());
  return texts.get(finding);
}

function matches(finding, wanted) {
  for (const name of ["rule", "repository", "outcome", "severity"]) {
    if (wanted[name] && finding.dataset[name] !== wanted[name]) return false;
  }
  const text = textOf(finding);
  return wanted.words.every((word) => text.includes(word));
}

function draw() {
  const wanted = { words: form.q.value.toLowerCase().split(/\s+/).filter(Boolean) };
  for (const name of ["rule", "repository", "outcome", "severity"]) wanted[name] = form[name].value;
  let count = 0;
  for (const finding of findings) {
    const hit = matches(finding, wanted);
    if (hit) count += 1;
    finding.hidden = !hit || count > limit;
  }
  shown.textContent = count === findings.length ? `${count} findings` : `${count} of ${findings.length} findings`;
  more.hidden = count <= limit;
  const state = new URLSearchParams();
  for (const name of ["q", "rule", "repository", "outcome", "severity"]) {
    if (form[name].value) state.set(name, form[name].value);
  }
  history.replaceState(null, "", "#" + state.toString());
}

function read() {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const name of ["q", "rule", "repository", "outcome", "severity"]) form[name].value = state.get(name) || "";
  limit = PAGE;
  draw();
}

form.addEventListener("input", () => { limit = PAGE; draw(); });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { limit = PAGE; draw(); }));
more.addEventListener("click", () => { limit += PAGE; draw(); });
window.addEventListener("hashchange", read);

function pick(bar) {
  form[bar.dataset.field].value = bar.dataset.value;
  limit = PAGE;
  draw();
  form.scrollIntoView();
}
for (const bar of document.querySelectorAll(".bar")) bar.addEventListener("click", () => pick(bar));
read();
