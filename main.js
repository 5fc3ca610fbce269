import pulumi from "@pulumi/pulumi";

/** The entry `pulumi up` loads. Plain JavaScript, so that a Node too old for index.ts can say so. */
export default async function main() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 18)) {
    const found = `This program needs Node 22.18 or newer, and this is ${process.versions.node}`;
    throw new pulumi.RunError(`${found}: install a newer one, or put node_modules/.bin first on the PATH.`);
  }
  const { program } = await import("./index.ts");
  return program();
}
