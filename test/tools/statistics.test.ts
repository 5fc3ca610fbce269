import assert from "node:assert/strict";
import fc from "fast-check";
import { figuresOf, renderStart } from "../../tools/bench/start.ts";
import { median, ratios, spread } from "../../tools/bench/statistics.ts";

const numbers = fc.array(fc.double({ min: 0.001, max: 1000, noNaN: true }), { minLength: 1 });

describe("figures of the benchmark", () => {
  it("are medians: the middle one, or the mean of the two in the middle", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.throws(() => median([]), /not defined/);
  });

  it("lie between the smallest and the largest, whatever their order", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const found = spread(values);
        assert.ok(found.min <= found.median && found.median <= found.max);
        assert.deepEqual(spread(values.toReversed()), found);
      }),
    );
  });

  it("compare runs of the same round: a machine that is slow for a while changes no ratio", () => {
    fc.assert(
      fc.property(numbers, (slowness) => {
        const { min, max } = ratios(
          slowness.map((factor) => 3 * factor),
          slowness.map((factor) => 2 * factor),
        );
        assert.ok(Math.abs(min - 1.5) < 1e-9 && Math.abs(max - 1.5) < 1e-9);
      }),
    );
  });

  it("are no numbers where a round is missing, instead of wrong ones", () => {
    assert.ok(Number.isNaN(ratios([1, 2], [1]).max));
  });
});

describe("the times of npm start over several rounds", () => {
  it("are medians by step, the whole below, without steps that only some rounds have", () => {
    const round = (seconds: number, steps: Record<string, number>) => ({ command: "npm start", seconds, steps });
    const figures = figuresOf([
      round(10, { preview: 1, up: 6 }),
      round(12, { preview: 3, up: 7, "image front": 2 }),
      round(11, { preview: 2, up: 5 }),
    ]);
    assert.deepEqual(
      figures.map(({ step, seconds }) => [step, seconds.median]),
      [
        ["preview", 2],
        ["up", 6],
        [null, 11],
      ],
    );
    assert.match(renderStart(figures, 3), /^npm start +11\.0 +10\.0–12\.0$/m);
  });
});
