import assert from "node:assert/strict";
import { describeFailure, EXIT, UserError } from "../../tools/cli.ts";
import { color, table, usesColor, widthOf } from "../../tools/terminal.ts";

describe("terminal output", () => {
  it("aligns columns, numbers to the right, without trailing blanks", () => {
    const text = table(
      [["a", "1"], ["longer", "1,000"], ["no number"]],
      [{ title: "name" }, { title: "n", align: "right" }],
      { color: false },
    );
    assert.equal(
      text,
      ["name           n", "─────────  ─────", "a              1", "longer     1,000", "no number"].join("\n"),
    );
  });

  it("counts cells on the screen and not control sequences", () => {
    const red = color("red", "× fits", true);
    assert.notEqual(red, "× fits");
    assert.equal(widthOf(red), 6);
    const lines = table([[red, "x"]], [{ title: "verdict" }, { title: "y" }], { color: false }).split("\n");
    assert.equal(widthOf(lines[2] ?? ""), "verdict  x".length);
  });

  it("colours terminals alone, unless told otherwise", () => {
    assert.equal(usesColor({ isTTY: true }, {}), true);
    assert.equal(usesColor({}, {}), false);
    assert.equal(usesColor({ isTTY: true }, { NO_COLOR: "1" }), false);
    assert.equal(usesColor({ isTTY: true }, { TERM: "dumb" }), false);
    assert.equal(usesColor({}, { FORCE_COLOR: "1" }), true);
    assert.equal(color("bold", "x", false), "x");
  });
});

describe("errors of commands", () => {
  it("prints a person's mistake as its message alone", () => {
    assert.deepEqual(describeFailure(new UserError("count: 0 – too few.")), {
      text: "count: 0 – too few.",
      exitCode: EXIT.usage,
    });
    assert.deepEqual(describeFailure(new UserError("no", { exitCode: 1 })), { text: "no", exitCode: 1 });
  });

  it("points to --help for options that do not exist", () => {
    const error = Object.assign(new TypeError("Unknown option '--x'."), { code: "ERR_PARSE_ARGS_UNKNOWN_OPTION" });
    assert.deepEqual(describeFailure(error), { text: "Unknown option '--x'. See --help.", exitCode: EXIT.usage });
  });

  it("keeps the stack of a defect", () => {
    const { text, exitCode } = describeFailure(new Error("defect"));
    assert.match(text, /defect\n {4}at /);
    assert.equal(exitCode, EXIT.no);
  });
});
