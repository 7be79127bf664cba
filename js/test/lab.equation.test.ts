// The typeset equation: structure, names and signs, without a browser.
import { describe, expect, test } from "vitest";
import { Typesetter } from "../src/equation";
import type { Tree } from "../src/spec";

/** As much of a document as typesetting needs; a node says itself as `tag(children)`. */
class Node {
  readonly attributes: Record<string, string> = {};
  readonly children: (Node | string)[] = [];

  constructor(readonly tag: string) {}

  append(...children: (Node | string)[]): void {
    this.children.push(...children);
  }

  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }

  toString(): string {
    const inside = this.children.map(String).join(" ");
    return ["mi", "mn", "mo", "mtext"].includes(this.tag) ? inside : `${this.tag}(${inside})`;
  }
}

function typeset(tree: Tree, items: string[] = [], meanings: Record<string, string> = {}): Node {
  const doc = { createElementNS: (_: string, tag: string) => new Node(tag) };
  const equation = { label: "", color: "law", rows: [{ name: "loss", tree }], items, meanings };
  return new Typesetter(doc as unknown as Document, equation).math() as unknown as Node;
}

/** The right-hand side alone. */
function right(tree: Tree, items?: string[]): string {
  const text = String(typeset(tree, items));
  const start = "math(mtable(mtr(mtd(loss) mtd(mrow(= ";
  expect(text.slice(0, start.length)).toBe(start);
  return text.slice(start.length, -"))))) ".trim().length);
}

const TIMES = "\u2062";

describe("an equation is written as in print", () => {
  const cases: [Tree, string][] = [
    [["+", "E", ["/", "A", ["**", "N", "alpha"]]], "mrow(E + mfrac(A msup(N α)))"],
    [["-", "a", ["-", "b", "c"]], "mrow(a − mrow(( mrow(b − c) )))"],
    [["**", ["+", "a", "b"], 2], "msup(mrow(( mrow(a + b) )) 2)"],
    [["*", "N", 3], "mrow(N · 3)"],
    [["*", "N", "D"], `mrow(N ${TIMES} D)`],
    [["exp", ["neg", "x"]], "msup(e mrow(− x))"],
    [["log10", "C"], "mrow(msub(log 10) mrow(( C )))"],
    [["sqrt", "x"], "msqrt(x)"],
    [["max", "x", 0], "mrow(max mrow(( x , 0 )))"],
    [1e12, "msup(10 12)"],
    [60000, "60000"],
    [-2.5e-7, "mrow(−2.5 · msup(10 -7))"],
    [["where", ["<=", "P", 16], "P", 0], "mrow({ mtable(mtr(mtd(P) mtd(mrow(P ≤ 16))) mtr(mtd(0) mtd(else))))"],
  ];
  test.each(cases)("%j", (tree, wanted) => expect(right(tree)).toBe(wanted));

  test("names have Greek letters, indices and stars", () => {
    expect(right("alpha_N")).toBe("msub(α mrow(N))");
    expect(right("R_D_star")).toBe("msubsup(R mrow(D) *)");
    expect(right("Omega")).toBe("Ω");
    expect(right("S1")).toBe("msub(S mrow(1))");
    expect(right("gamma_post")).toBe("msub(γ mrow(post))");
  });

  test("a sum has its index, and so have its items", () => {
    expect(right(["sum", ["*", "p", "k"]], ["p"])).toBe(
      `mrow(munder(∑ i) mrow(msub(p mrow(i)) ${TIMES} k))`,
    );
    expect(right(["sum", "i"], ["i"])).toBe("mrow(munder(∑ i) i)");
  });
});

test("symbols carry their name and what they mean, as text", () => {
  const math = typeset("alpha_N", [], { alpha_N: "<b>exponent</b> of N" });
  const symbols: Node[] = [];
  const visit = (node: Node | string): void => {
    if (typeof node === "string") return;
    if ("data-symbol" in node.attributes) symbols.push(node);
    node.children.forEach(visit);
  };
  visit(math);
  expect(symbols.map(({ attributes }) => attributes["data-symbol"])).toEqual(["loss", "alpha_N"]);
  expect(symbols[1].attributes["title"]).toBe("alpha_N: <b>exponent</b> of N");
});
