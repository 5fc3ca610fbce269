// mocha's own report, plus a file with the counts for tools/test.ts.
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class Report extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      const target = process.env.VLLM_STACK_TEST_COUNTS;
      if (target) writeFileSync(target, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
    });
  }
};
