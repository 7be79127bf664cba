// Equations typeset in MathML, which browsers draw themselves. Each symbol carries its name, so that
// it and its control light up together.
import { html, roleColor } from "./dom";
import type { Equation, Spec, Tree } from "./spec";

const MATHML = "http://www.w3.org/1998/Math/MathML";
// In the order of Unicode from U+03B1 on; "final" is the sigma at a word's end.
const GREEK = (
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho final " +
  "sigma tau upsilon phi chi psi omega"
).split(" ");
const NAMES: Record<string, string> = {
  log: "ln",
  lgamma: "ln Γ",
  digamma: "ψ",
  trigamma: "ψ′",
};

/** What a tree is written with: its node, and how tightly it holds together (as in forms.py). */
type Written = [node: Element, binding: number];

export class Typesetter {
  constructor(
    private readonly doc: Document,
    private readonly equation: Equation,
  ) {}

  math(): Element {
    const rows = this.equation.rows.map(({ name, tree }) =>
      this.#tag(
        "mtr",
        this.#tag("mtd", this.#symbol(name)),
        this.#tag("mtd", this.#tag("mrow", this.#operator("="), this.#write(tree, 0))),
      ),
    );
    const math = this.#tag("math", this.#tag("mtable", ...rows));
    math.setAttribute("display", "block");
    return math;
  }

  #tag(name: string, ...children: (Node | string)[]): Element {
    const node = this.doc.createElementNS(MATHML, name);
    node.append(...children);
    return node;
  }

  #operator(text: string): Element {
    return this.#tag("mo", text);
  }

  #row(...children: Node[]): Element {
    return this.#tag("mrow", ...children);
  }

  #brackets(...inside: Node[]): Element {
    return this.#row(this.#operator("("), ...inside, this.#operator(")"));
  }

  #write(tree: Tree, binding: number): Element {
    const [node, own] = this.#written(tree);
    return own < binding ? this.#brackets(node) : node;
  }

  #written(tree: Tree): Written {
    if (typeof tree === "string") return [this.#symbol(tree), 9];
    if (typeof tree === "number") return this.#number(tree);
    const [op, ...operands] = tree;
    const [a, b] = operands;
    switch (op) {
      case "+":
      case "-": {
        const sign = this.#operator(op === "-" ? "−" : "+");
        return [this.#row(this.#write(a, 2), sign, this.#write(b, op === "+" ? 2 : 3)), 2];
      }
      case "neg":
        return [this.#row(this.#operator("−"), this.#write(a, 3)), 2];
      case "*": {
        const between = typeof b === "number" || startsWithNumber(b) ? "·" : "\u2062";
        return [this.#row(this.#write(a, 3), this.#operator(between), this.#write(b, 3)), 3];
      }
      case "/":
        return [this.#tag("mfrac", this.#write(a, 0), this.#write(b, 0)), 4];
      case "**":
        return [this.#tag("msup", this.#write(a, 9), this.#write(b, 0)), 5];
      case "exp":
        return [this.#tag("msup", this.#tag("mtext", "e"), this.#write(a, 0)), 5];
      case "sqrt":
        return [this.#tag("msqrt", this.#write(a, 0)), 9];
      case "sum": {
        const sign = this.#tag("munder", this.#operator("∑"), this.#tag("mi", "i"));
        return [this.#row(sign, this.#write(a, 3)), 2];
      }
      case "where":
        return [this.#cases(operands), 5];
      case "<":
      case "<=":
      case ">":
      case ">=": {
        const sign = this.#operator(op.replace("<=", "≤").replace(">=", "≥"));
        return [this.#row(this.#write(a, 2), sign, this.#write(b, 2)), 1];
      }
      default:
        return [this.#row(this.#called(op), this.#brackets(...this.#list(operands))), 5];
    }
  }

  #list(trees: Tree[]): Node[] {
    return trees.flatMap((tree, i) => {
      const node = this.#write(tree, 0);
      return i === 0 ? [node] : [this.#operator(","), node];
    });
  }

  #called(op: string): Element {
    const base = /^log(2|10)$/.exec(op);
    if (base) return this.#tag("msub", this.#tag("mi", "log"), this.#tag("mn", base[1]));
    return this.#tag("mi", NAMES[op] ?? op);
  }

  #cases([condition, yes, no]: Tree[]): Element {
    const line = (value: Tree, when: Node) =>
      this.#tag("mtr", this.#tag("mtd", this.#write(value, 0)), this.#tag("mtd", when));
    const table = this.#tag(
      "mtable",
      line(yes, this.#write(condition, 0)),
      line(no, this.#tag("mtext", "else")),
    );
    return this.#row(this.#operator("{"), table);
  }

  #number(value: number): Written {
    const rounded = Number(value.toPrecision(10));
    const text = Math.abs(rounded) < 1e6 ? String(rounded) : rounded.toExponential();
    const [mantissa, exponent] = text.split("e");
    const digits = this.#tag("mn", mantissa.replace("-", "−"));
    if (exponent === undefined) return [digits, value < 0 ? 2 : 9];
    const power = this.#tag("msup", this.#tag("mn", "10"), this.#tag("mn", String(+exponent)));
    return [mantissa === "1" ? power : this.#row(digits, this.#operator("·"), power), 3];
  }

  #symbol(name: string): Element {
    const { items, meanings } = this.equation;
    const parts = name.replace(/(?<=[A-Za-z])(?=\d+$)/, "_").split("_"); // S1 as S_1
    if (items.includes(name) && name !== "i") parts.push("i");
    const [head, ...rest] = parts;
    const star = rest.at(-1) === "star" ? "*" : "";
    const below = rest.filter((part) => part && part !== "star");
    const base = this.#tag("mi", letters(head));
    const sub = this.#row(...below.map((part) => this.#tag("mi", letters(part))));
    const node =
      star && below.length
        ? this.#tag("msubsup", base, sub, this.#operator(star))
        : star
          ? this.#tag("msup", base, this.#operator(star))
          : below.length
            ? this.#tag("msub", base, sub)
            : base;
    node.setAttribute("data-symbol", name);
    if (Object.hasOwn(meanings, name)) node.setAttribute("title", `${name}: ${meanings[name]}`);
    return node;
  }
}

function startsWithNumber(tree: Tree): boolean {
  if (!Array.isArray(tree) || tree[0] !== "*") return typeof tree === "number";
  return startsWithNumber(tree[1] as Tree);
}

/** A name's part as it is written: Greek where it is the name of a Greek letter. */
function letters(part: string): string {
  const at = GREEK.indexOf(part.toLowerCase());
  if (at < 0 || part === "final") return part;
  const letter = String.fromCodePoint(0x3b1 + at);
  return part[0] === part[0].toLowerCase() ? letter : letter.toUpperCase();
}

/** The equations of a lab above its pictures. */
export function equationsView(doc: Document, equations: readonly Equation[]): HTMLElement {
  const rows = equations.map((equation) => {
    const label = html(doc, "span", { class: "sw-equation-name" }, equation.label);
    const math = new Typesetter(doc, equation).math();
    const row = html(doc, "div", { class: "sw-equation" }, label, math);
    label.style.color = roleColor(equation.color);
    return row;
  });
  return html(doc, "div", { class: "sw-equations" }, ...rows);
}

/** What belongs to a symbol: its controls and all places where it stands in an equation. */
function namesakes(root: HTMLElement, target: EventTarget | null): [string, Element[]] {
  const node = (target as Element | null)?.closest("[data-symbol], [data-cell]");
  const symbol = node?.getAttribute("data-symbol");
  const name = symbol ?? node?.getAttribute("data-cell")?.split(".").at(-1) ?? "";
  const all = [...root.querySelectorAll("[data-symbol], [data-cell]")];
  const same = all.filter((other) => {
    const cell = other.getAttribute("data-cell")?.split(".").at(-1);
    return name !== "" && (other.getAttribute("data-symbol") ?? cell) === name;
  });
  return [symbol ?? "", same];
}

/** Symbols and controls of the same name light up together; a click on a symbol goes to its slider. */
export function lightUp(root: HTMLElement, spec: Spec, signal: AbortSignal): void {
  if (!spec.equations?.length) return;
  const light = (target: EventTarget | null, on: boolean) => {
    for (const node of namesakes(root, target)[1]) node.classList.toggle("sw-lit", on);
  };
  for (const [begin, end] of [
    ["pointerover", "pointerout"],
    ["focusin", "focusout"],
  ]) {
    root.addEventListener(begin, (event) => light(event.target, true), { signal });
    root.addEventListener(end, (event) => light(event.target, false), { signal });
  }
  root.addEventListener(
    "click",
    ({ target }) => {
      const [symbol, same] = namesakes(root, target);
      if (symbol === "") return;
      const control = same.find((node) => node.matches("[data-cell]"));
      control?.querySelector<HTMLElement>("input[type=range]")?.focus();
    },
    { signal },
  );
}
