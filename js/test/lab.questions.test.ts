import { describe, expect, test } from "vitest";
import { Questions } from "../src/questions";

describe("questions to a kernel", () => {
  test("wait, and are answered by the newest answer only", () => {
    const questions = new Questions(true, 0, 0, 0);
    expect(questions.state(0)).toBe("answered");
    questions.asked(1, 10);
    questions.asked(2, 20);
    expect(questions.state(20)).toBe("waiting");
    expect(questions.answered(1, 30)).toBe(false);
    expect(questions.state(30)).toBe("waiting");
    expect(questions.answered(2, 40)).toBe(true);
    expect(questions.state(40)).toBe("answered");
  });

  test("are overdue after ten seconds of silence, and recover", () => {
    const questions = new Questions(true, 0, 0, 0);
    questions.asked(1, 50_000);
    expect(questions.patience(50_000)).toBe(10_000);
    expect(questions.state(59_999)).toBe("waiting");
    expect(questions.state(60_000)).toBe("overdue");
    expect(questions.patience(60_000)).toBeNull();
    expect(questions.answered(1, 70_000)).toBe(true);
    expect(questions.state(70_000)).toBe("answered");
  });

  test("are not overdue while the kernel still answers older ones of a long drag", () => {
    const questions = new Questions(true, 0, 0, 0);
    for (let second = 1; second <= 30; second++) {
      questions.asked(second, second * 1000);
      questions.answered(second - 1, second * 1000 + 500);
      expect(questions.state(second * 1000 + 500)).toBe("waiting");
    }
  });

  test("asked again and again do not hide a kernel that is gone", () => {
    const questions = new Questions(true, 0, 0, 0);
    for (let second = 1; second <= 12; second++) questions.asked(second, second * 1000);
    expect(questions.state(12_000)).toBe("overdue");
  });

  test("a kernel that has gone is told at once, whatever is asked", () => {
    const questions = new Questions(true, 0, 0, 0);
    questions.asked(1, 0);
    questions.lose();
    expect(questions.state(1)).toBe("lost");
    expect(questions.patience(1)).toBeNull();
  });

  test("an answer that Python gave unasked is drawn", () => {
    expect(new Questions(true, 3, 3, 0).answered(3, 5)).toBe(true);
  });
});

test("on a page the browser's own refit is the last word", () => {
  const questions = new Questions(false, 0, 0, 0);
  expect(questions.state(0)).toBe("answered");
  questions.asked(1, 0);
  expect(questions.state(60_000)).toBe("alone");
  expect(questions.patience(0)).toBeNull();
});
