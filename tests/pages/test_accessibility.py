"""Whether everybody can use the pages: axe-core looks at each state in a real browser, on a phone and on a screen."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dev.npm import installed
from tests.dev.browser import browser, outcome
from tests.pages.states import pages

pytestmark = [
    pytest.mark.skipif(browser() is None, reason="a page needs a browser: apt-get install chromium"),
    pytest.mark.skipif(not shutil.which("npm"), reason="axe-core needs Node.js, which is not on this machine"),
]
AXE = Path(__file__).parent / "axe"
# The smallest phone, and a window. English is read in light there and Spanish in dark.
PHONE, WINDOW = 320, 1000
# Everything on a page is open. An axe that finds nothing where something is wrong would not be noticed.
_LOOK = """
const findings = {};
const dark = {};
const stops = {};
let broken = null;
for (const [name, html] of Object.entries(given.pages)) {
  const frame = document.createElement("iframe");
  const scheme = name.endsWith(".es") ? "dark" : "light";
  frame.style.cssText = `color-scheme: ${scheme}; border: 0; height: 800px; width: ${given.phone}px`;
  const loaded = new Promise(resolve => frame.addEventListener("load", resolve, { once: true }));
  frame.srcdoc = html;
  document.body.append(frame);
  await loaded;
  const page = frame.contentDocument;
  page.querySelectorAll("details").forEach(each => { each.open = true; });
  dark[name] = frame.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches;
  const found = [];
  const fits = what => {
    const { scrollWidth, clientWidth } = page.documentElement;
    if (scrollWidth > clientWidth) found.push(`${what}: ${scrollWidth} px wide instead of ${clientWidth} px`);
  };
  fits("phone");
  page.documentElement.style.fontSize = "200%";
  fits("phone with large text");
  page.documentElement.style.fontSize = "";
  for (let width = given.phone; name.startsWith("past_cutoff") && width < given.phone + 150; width += 3) {
    frame.style.width = `${width}px`;
    const link = page.querySelector("main > p a[href^='tel:']");
    const stop = page.createRange();
    stop.setStart(link.nextSibling, 0);
    stop.setEnd(link.nextSibling, 1);
    const lines = [...link.getClientRects(), stop.getBoundingClientRect()].map(each => Math.round(each.bottom));
    stops[width] = { stop: stop.toString(), lines: new Set(lines).size };
  }
  frame.style.width = `${given.phone}px`;
  if (scheme === "dark") frame.style.width = `${given.window}px`;
  fits("axe");
  const script = page.createElement("script");
  script.textContent = given.axe;
  page.head.append(script);
  const axe = frame.contentWindow.axe;
  const run = async () => (await axe.run(page, { resultTypes: ["violations"], elementRef: false })).violations;
  for (const each of await run()) found.push(`${each.id}: ${each.nodes.map(node => node.html).join(" ")}`);
  if (found.length) findings[name] = found;
  if (broken === null) {
    page.querySelector("label").remove();
    page.querySelector("h1").style.color = "#ccc";
    broken = (await run()).map(each => each.id);
  }
  frame.remove();
}
return { findings, dark, broken, stops };
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Returns what was found on each page, which of them were dark, and what was found on one that was broken."""
    axe = (installed(AXE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    given = {"pages": pages(), "axe": axe, "phone": PHONE, "window": WINDOW}
    found: Mapping[str, Any] = outcome(_LOOK, given, tmp_path_factory.mktemp("browser"))
    assert "error" not in found, found
    return found


def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(seen: Mapping[str, Any]) -> None:
    assert seen["findings"] == {}


def test_the_colours_were_those_of_both_schemes(seen: Mapping[str, Any]) -> None:
    assert {name: name.endswith(".es") for name in seen["dark"]} == seen["dark"]


def test_a_number_and_the_full_stop_after_it_stay_on_one_line(seen: Mapping[str, Any]) -> None:
    assert len(seen["stops"]) == 50
    assert [each for each in seen["stops"].values() if each != {"stop": ".", "lines": 1}] == []


def test_axe_finds_what_is_wrong(seen: Mapping[str, Any]) -> None:
    assert {"color-contrast", "select-name"} <= set(seen["broken"])
