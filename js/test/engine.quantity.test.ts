import { describe, expect, test } from "vitest";
import { formatQuantity, parseQuantity } from "../src/engine/quantity";
import { generator } from "./fixture";

describe("read", () => {
  test.each([
    ["70B", 70e9],
    ["1.4T", 1.4e12],
    ["1.4T tokens", 1.4e12],
    [" 125m params ", 125e6],
    ["7 B parameters", 7e9],
    ["1 token", 1],
    ["350K", 350e3],
    ["7e9", 7e9],
    ["5.88E23", 5.88e23],
    ["1e24 FLOP", 1e24],
    ["1e24FLOPs", 1e24],
    ["3 ZFLOP", 3e21],
    ["3640 PFLOP-days", 3640 * 8.64e19],
    ["3640 pf-days", 3640 * 8.64e19],
    ["1 PFLOP/s-day", 8.64e19],
    ["1,400,000", 1.4e6],
    ["1_400_000", 1.4e6],
    [".5", 0.5],
    ["5.", 5],
    ["-3", -3],
    ["0", 0],
    ["16", 16],
  ])("%s", (text, value) => {
    expect(parseQuantity(text)).toBe(value);
  });

  test.each([
    "",
    " ",
    ".",
    "B",
    "e9",
    "70X",
    "seventy",
    "7 9",
    "1,40,000",
    "1__0",
    "70BB",
    "1e",
    "NaN",
    "Infinity",
    "0x10",
    "1.4T dollars",
    "5 constructor",
    "7B; alert(1)",
  ])("not %j, and the message shows how quantities are written", (text) => {
    expect(() => parseQuantity(text)).toThrow(/is not a quantity; .*"70B"/);
  });

  test("not what overflows", () => {
    expect(() => parseQuantity("1e999")).toThrow(/too large/);
    expect(() => parseQuantity("1e300T")).toThrow(/too large/);
  });
});

describe("write", () => {
  test.each([
    [70e9, "70B"],
    [1.4e12, "1.4T"],
    [999.9e6, "1B"],
    [123456, "123K"],
    [1000, "1K"],
    [999, "999"],
    [999.6, "1K"],
    [12.34, "12.3"],
    [0.5, "0.5"],
    [0.00012345, "0.000123"],
    [0.000012345, "1.23e-5"],
    [0, "0"],
    [-0, "0"],
    [-70e9, "-70B"],
    [999.9e12, "1e15"],
    [999e12, "999T"],
    [1e15, "1e15"],
    [5.88e23, "5.88e23"],
    [1e24, "1e24"],
    [NaN, "nan"],
    [-Infinity, "-inf"],
  ])("%d as %s", (value, text) => {
    expect(formatQuantity(value)).toBe(text);
  });

  test("what is written is read back to three digits, and then exactly", () => {
    const random = generator(51);
    for (let k = 0; k < 3000; k++) {
      const value = (random() < 0.2 ? -1 : 1) * 10 ** (40 * random() - 8);
      const back = parseQuantity(formatQuantity(value));
      expect(Math.abs(back / value - 1)).toBeLessThanOrEqual(0.00501);
      expect(formatQuantity(back)).toBe(formatQuantity(value));
    }
  });
});
