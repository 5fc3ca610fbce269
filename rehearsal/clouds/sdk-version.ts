import { createRequire } from "node:module";

import { z } from "zod";

/** The version of an installed SDK package: the one its resources ask the provider for. */
export function sdkVersion(packageName: string): string {
  const manifest: unknown = createRequire(import.meta.url)(`${packageName}/package.json`);
  return z.object({ version: z.string() }).parse(manifest).version;
}
