import assert from "node:assert/strict";
import { archiveName, detectDistribution, parseOsRelease, parseSimulation } from "../../../rehearsal/toolchain/apt.ts";

describe("reading apt", () => {
  // Lines of apt 2.6.1 on Debian 12; runc is in the form of an upgrade, with the version that is installed first.
  const output = [
    "NOTE: This is only a simulation!",
    "Reading package lists...",
    "Inst gcc-12-base (12.2.0-14+deb12u1 Debian:12.11/oldstable [amd64])",
    "Inst libc6 (2.36-9+deb12u14 Debian:12.11/oldstable, Debian-Security:12/oldstable-security [amd64]) []",
    "Inst zlib1g (1:1.2.13.dfsg-1 Debian:12.11/oldstable [amd64])",
    "Inst netbase (6.4 Debian:12.11/oldstable [all])",
    "Inst runc [1.1.4] (1.1.5+ds1-1+deb12u1 Debian:12.11/oldstable [amd64])",
    "Conf libc6 (2.36-9+deb12u14 Debian:12.11/oldstable [amd64])",
  ].join("\n");

  it("finds every package to be unpacked, once, with version and architecture", () => {
    assert.deepEqual(parseSimulation(output), [
      { name: "gcc-12-base", version: "12.2.0-14+deb12u1", architecture: "amd64" },
      { name: "libc6", version: "2.36-9+deb12u14", architecture: "amd64" },
      { name: "zlib1g", version: "1:1.2.13.dfsg-1", architecture: "amd64" },
      { name: "netbase", version: "6.4", architecture: "all" },
      { name: "runc", version: "1.1.5+ds1-1+deb12u1", architecture: "amd64" },
    ]);
  });

  it("knows the name apt gives a downloaded file, epochs escaped", () => {
    assert.equal(
      archiveName({ name: "zlib1g", version: "1:1.2.13.dfsg-1", architecture: "amd64" }),
      "zlib1g_1%3a1.2.13.dfsg-1_amd64.deb",
    );
  });

  it("reads os-release with and without quotes", () => {
    const release = parseOsRelease(
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n# comment\n',
    );
    assert.deepEqual(
      [release.get("PRETTY_NAME"), release.get("ID"), release.get("VERSION_ID")],
      ["Debian GNU/Linux 12 (bookworm)", "debian", "12"],
    );
  });
});

describe("a machine without apt", () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  it("is told what is supported, and what to do instead", async () => {
    process.env.PATH = "/nowhere";
    await assert.rejects(detectDistribution(), {
      name: "ToolchainError",
      message:
        /apt-get and dpkg not found – .* Debian 12 or 13, or Ubuntu 24\.04 or newer\..*npm start -- --context NAME$/,
    });
  });
});
