"""What can be measured of a lab's accessibility: axe-core's rules, contrast, and the focus.

Everything is restricted to the lab: the page around it belongs to its host.
"""

from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Locator, Page

AXE = Path(__file__).resolve().parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

RUN_AXE = """async (lab, rules) => {
  const found = await axe.run(lab, { runOnly: rules, resultTypes: ["violations"] });
  return {
    passed: found.passes.length,
    violations: found.violations.map(({ id, help, nodes }) => [
      `${id}: ${help}`, nodes.length, nodes[0].html.slice(0, 200), nodes[0].failureSummary,
    ]),
  };
}"""

# Axe leaves text in SVG and text over SVG undecided, and knows nothing of curves and markers.
MEASURE = """(lab) => {
  const parts = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return color.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], under) =>
    [r, g, b].map((part, i) => part * a + under[i] * (1 - a));
  const light = (rgb) => {
    const [r, g, b] = rgb.map((part) => {
      const s = part / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const parent = (node) => node.parentElement ?? node.getRootNode().host ?? null;
  const chain = (node) => {
    const nodes = [];
    for (let at = node; at; at = parent(at)) nodes.push(at);
    return nodes;
  };
  const ground = (node) => {
    const paints = chain(node).map((at) => parts(getComputedStyle(at).backgroundColor));
    const solid = paints.findIndex(([, , , a]) => a === 1);
    const base = solid < 0 ? [255, 255, 255] : paints[solid].slice(0, 3);
    return paints.slice(0, solid < 0 ? undefined : solid).reduceRight((at, c) => over(c, at), base);
  };
  const opacity = (node) =>
    chain(node).reduce((all, at) => all * Number(getComputedStyle(at).opacity), 1);
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const disabled = (node) => node.closest(":disabled, label:has(:disabled)") !== null;
  const measured = [];
  const note = (node, what, color, alpha, least) => {
    const [r, g, b, a] = parts(color);
    const under = ground(node);
    const seen = over([r, g, b, a * alpha * opacity(node)], under);
    measured.push([what, ratio(seen, under), least]);
  };
  for (const node of lab.querySelectorAll("*")) {
    if (!shown(node) || disabled(node)) continue;
    const style = getComputedStyle(node);
    const own = [...node.childNodes].some((c) => c.nodeType === Node.TEXT_NODE && c.data.trim());
    const text = node.matches("input:not([type=range], [type=checkbox], [type=radio])");
    const hidden = node.closest(".sw-said, title, style, option, mtext") !== null;
    if ((own || text) && !hidden) {
      const [color, alpha] = node.closest("svg")
        ? [style.fill, Number(style.fillOpacity)] : [style.color, 1];
      note(node, `text ${node.tagName} "${(node.textContent || node.value).trim().slice(0, 40)}"`,
        color, alpha, 4.5);
    }
    if (node.matches(".sw-curve, .sw-contour, .sw-points circle, .sw-crosses")) {
      if (node.matches("path") && !node.getAttribute("d")) continue;
      const filled = style.fill !== "none" && node.closest(".sw-weighted") === null;
      const [color, alpha] = filled
        ? [style.fill, Number(style.fillOpacity)] : [style.stroke, Number(style.strokeOpacity)];
      note(node, `${node.getAttribute("class")} of ${node.closest("figure").dataset.plot}`,
        color, alpha, 3);
    }
    if (node.matches(".sw-symbol")) note(node, "marker", style.fill, 1, 3);
    if (node.matches(".sw-lock")) note(node, "lock", style.color, 1, 3);
    if (node.matches(".sw-box, textarea, .sw-action, select")) {
      note(node.parentElement, `edge of ${node.className || node.tagName}`,
        style.borderBottomColor, 1, 3);
    }
    if (node.matches(".sw-toggle input")) {
      note(node.parentElement, "switch", style.backgroundColor, 1, 3);
    }
  }
  return measured;
}"""

FOCUSED = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  const lab = node?.closest(".sw-lab");
  if (!lab) return null;
  const stops = [...lab.querySelectorAll("input, select, textarea, button, summary, [tabindex]")];
  const looks = [node, node.nextElementSibling].filter(Boolean).map((at) => getComputedStyle(at));
  const box = node.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const top = node.getRootNode().elementFromPoint(x, y);
  return {
    stop: stops.indexOf(node),
    html: node.outerHTML.slice(0, 160),
    ringed: looks.some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2)
      || looks[0].boxShadow !== "none",
    seen: top !== null && (node.contains(top) || top.contains(node) || !!top.closest("label")),
  };
}"""

# Each group of radio buttons is one stop, and so are the lines of a table.
STOPS = """(lab) => {
  const stops = [...lab.querySelectorAll("input, select, textarea, button, summary, [tabindex]")];
  const there = stops.filter((node) => node.checkVisibility() && !node.disabled
    && node.tabIndex >= 0 && (node.type !== "radio" || node.checked));
  return there.map((node) => stops.indexOf(node));
}"""


def axe(lab: Locator) -> list[Any]:
    """What axe-core finds against the WCAG 2.2 AA rules: rule, count, an element, what to do."""
    if not lab.page.evaluate("typeof axe === 'object'"):
        lab.page.evaluate(AXE.read_text("utf-8"))
    found = lab.evaluate(RUN_AXE, RULES)
    assert found["passed"] > 10, "axe-core has looked at nothing"
    return cast(list[Any], found["violations"])


def faint(lab: Locator) -> list[tuple[str, float]]:
    """Text below 4.5 : 1, and parts of pictures and controls below 3 : 1, with their contrast."""
    measured = lab.evaluate(MEASURE)
    assert len(measured) > 50, "nothing was measured"
    return [(what, round(ratio, 2)) for what, ratio, least in measured if ratio < least]


def unfold(lab: Locator) -> None:
    """Opens the tables and notes that are folded, so that they are looked at, too."""
    for summary in lab.locator("summary").all():
        summary.click()
    rows = lab.locator(".sw-listing tbody tr")
    if lab.locator(".sw-listing").count():
        rows.first.wait_for()
    lab.page.mouse.move(0, 0)


def focused(page: Page) -> dict[str, Any] | None:
    """The element of a lab that has the keyboard; None when it is outside of all labs."""
    return cast("dict[str, Any] | None", page.evaluate(FOCUSED))
