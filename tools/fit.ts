import { runCommand } from "./cli.ts";
import { fitCommand } from "./fit-command.ts";

await runCommand(() => {
  const { output, exitCode } = fitCommand(process.argv.slice(2));
  process.stdout.write(output);
  return exitCode;
});
