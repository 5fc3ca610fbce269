import { chmod, copyFile, cp, lstat, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isErrno, run } from "../toolchain/process.ts";
import type { ImageFile, ImageRecipe } from "./recipes.ts";

/** What is put into an image's own layer beside the files of its recipe. */
export interface ImageContents {
  /** Programs by their path in the image. */
  readonly binaries: ReadonlyMap<string, string>;
  /** Folder with Python packages, if there are any. */
  readonly site?: string | undefined;
  /** Root of the layer below, if there is one. */
  readonly root?: string | undefined;
}

/** Shell commands one wants when looking into a container, or in a lifecycle hook. */
const BUSYBOX_COMMANDS = ["sh", "cat", "df", "env", "grep", "head", "id", "ls", "mount", "netstat", "nslookup"].concat([
  "ps",
  "sleep",
  "stat",
  "tail",
  "top",
  "wget",
]);

/**
 * Writes an image's own layer into an empty folder: users, folders every program expects, programs, Python packages, the
 * recipe's files, and a small shell where the layer below brings busybox.
 */
export async function writeOwnLayer(folder: string, recipe: ImageRecipe, contents: ImageContents): Promise<void> {
  // The folder's mode becomes that of the image's root folder.
  await chmod(folder, 0o755);
  for (const [path, file] of Object.entries({ ...systemFiles(recipe), ...recipe.files })) {
    await writeImageFile(join(folder, path), file);
  }
  for (const [path, source] of contents.binaries) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(source, join(folder, path));
    await chmod(join(folder, path), 0o755);
  }
  if (contents.site !== undefined) {
    const target = join(folder, "usr/lib/python3/dist-packages");
    await cp(contents.site, target, { recursive: true });
    await run("chmod", ["-R", "u=rwX,go=rX", target]);
  }
  if (contents.root !== undefined) {
    await linkBusybox(folder, contents.root);
    if (recipe.certificates === true) await joinCertificates(folder, contents.root);
  }
  // Folders made on the way have the mode the caller's umask gives, which may shut out the image's user.
  await run("find", [folder, "-type", "d", "-exec", "chmod", "a+rx", "{}", "+"]);
}

function systemFiles({ user }: ImageRecipe): Readonly<Record<string, ImageFile>> {
  const users = [
    { name: "root", id: 0, home: "/root" },
    { name: "nobody", id: 65534, home: "/nonexistent" },
  ].filter(({ id }) => id !== user.id);
  const all = [...users, user];
  const lines = (line: (entry: (typeof all)[number]) => string): ImageFile => ({
    kind: "file",
    content: all.map((entry) => `${line(entry)}\n`).join(""),
  });
  return {
    "etc/passwd": lines(({ name, id, home }) => `${name}:x:${id}:${id}:${name}:${home}:/bin/sh`),
    "etc/group": lines(({ name, id }) => `${name}:x:${id}:`),
    "etc/nsswitch.conf": { kind: "file", content: "passwd: files\ngroup: files\nhosts: files dns\n" },
    tmp: { kind: "folder", mode: 0o1777 },
    run: { kind: "folder", mode: 0o755 },
    "var/run": { kind: "link", target: "/run" },
  };
}

async function writeImageFile(path: string, file: ImageFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  switch (file.kind) {
    case "file":
      await writeFile(path, file.content);
      await chmod(path, file.mode ?? 0o644);
      return;
    case "link":
      await symlink(file.target, path);
      return;
    case "folder":
      await mkdir(path, { recursive: true });
      await chmod(path, file.mode);
  }
}

/** Only names the packages below don't have. */
async function linkBusybox(folder: string, root: string): Promise<void> {
  const bin = "usr/bin";
  await mkdir(join(folder, bin), { recursive: true });
  for (const name of BUSYBOX_COMMANDS) {
    if (!(await exists(join(root, bin, name)))) await symlink("busybox", join(folder, bin, name));
  }
}

async function joinCertificates(folder: string, root: string): Promise<void> {
  const source = join(root, "usr/share/ca-certificates/mozilla");
  const names = (await readdir(source)).filter((name) => name.endsWith(".crt")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(source, name), "utf8")));
  const content = texts.map((text) => `${text.trimEnd()}\n`).join("");
  await writeImageFile(join(folder, "etc/ssl/certs/ca-certificates.crt"), { kind: "file", content });
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}
