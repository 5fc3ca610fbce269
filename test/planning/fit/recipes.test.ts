import assert from "node:assert/strict";
import { DISAGREEMENTS, REASONS } from "../data/recipe-disagreements.ts";
import { neededMemory } from "../data/recipe-review.ts";
import { RECIPES } from "../data/recipes.ts";

/** The recipes' minima are rules of thumb: a quarter more or less is the same answer. */
const TOLERANCE = 0.25;

describe("vLLM's recipes against the planner", () => {
  const judged = RECIPES.filter((recipe) => recipe.text).map((recipe) => ({ recipe, needed: neededMemory(recipe) }));
  const unknown = judged.filter(({ needed }) => needed === undefined);
  const disagreeing = judged.flatMap(({ recipe, needed }) => {
    if (needed === undefined || Math.abs(needed / recipe.minimumGB - 1) <= TOLERANCE) return [];
    return [{ name: `${recipe.model} (${recipe.variant})`, needed, minimum: recipe.minimumGB }];
  });

  it("agrees on most text models and has a reviewed reason for every one it does not agree on", () => {
    const names = disagreeing.map(({ name }) => name);
    assert.deepEqual(names.toSorted(), Object.keys(DISAGREEMENTS).toSorted());
    assert.equal(judged.length - unknown.length - names.length, 89, "agreements");
  });

  it("states which recipes cannot be judged: those without the checkpoint's size, and models that generate no text", () => {
    assert.deepEqual(
      unknown.map(({ recipe }) => recipe.model),
      ["Qwen/Qwen3Guard-Gen-4B", "Qwen/Qwen3Guard-Gen-0.6B", "baidu/ERNIE-4.5-300B-A47B-PT"],
    );
    assert.equal(RECIPES.filter((recipe) => !recipe.text).length, 36);
  });

  it("never asks for less than a recipe that was not set by hand", () => {
    const below = disagreeing.filter(
      ({ name, needed, minimum }) => needed < minimum && DISAGREEMENTS[name] !== "setByHand",
    );
    assert.deepEqual(below, []);
  });

  after(function () {
    const lines = disagreeing.map(({ name, needed, minimum }) => {
      const reason = DISAGREEMENTS[name];
      return `      ${name}: recipe ${minimum} GB, planner ${needed.toFixed(0)} GB – ${reason === undefined ? "not reviewed" : REASONS[reason]}`;
    });
    const agreed = judged.length - unknown.length - disagreeing.length;
    console.log(
      `      ${agreed} of ${judged.length - unknown.length} recipes agree within ${TOLERANCE * 100} %; the others:`,
    );
    console.log(lines.join("\n"));
  });
});
