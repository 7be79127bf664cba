import { expect, test } from "vitest";
import { luminance, named } from "../src/theme";

const page = (dataset: Record<string, string>, theme: string | null = null) =>
  ({ body: { dataset }, documentElement: { getAttribute: () => theme } }) as unknown as Document;

test.each([
  ["vscode-light", false],
  ["vscode-dark", true],
  ["vscode-high-contrast", true],
  ["vscode-high-contrast-light", false],
])("VS Code's %s", (vscodeThemeKind, dark) => {
  expect(named(page({ vscodeThemeKind }))).toBe(dark);
});

test("Colab's, and a page that says nothing", () => {
  expect(named(page({}, "dark"))).toBe(true);
  expect(named(page({}, "light"))).toBe(false);
  expect(named(page({}))).toBeNull();
});

test("a colour that is not painted has no luminance", () => {
  expect(luminance("rgba(0, 0, 0, 0)")).toBeNull();
  expect(luminance("rgb(255, 255, 255)")).toBeCloseTo(1);
});
