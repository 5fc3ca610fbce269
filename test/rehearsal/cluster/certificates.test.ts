import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey, createPublicKey } from "node:crypto";
import fc from "fast-check";
import {
  createAuthority,
  createKey,
  issueCertificate,
  publicKey,
} from "../../../rehearsal/cluster/pki/certificates.ts";
import { integer, objectIdentifier, time } from "../../../rehearsal/cluster/pki/der.ts";

describe("the cluster's certificates", () => {
  const authority = createAuthority("test-ca");
  const root = new X509Certificate(authority.certificate);

  it("come from an authority that signs itself and is marked as one", () => {
    assert.equal(root.ca, true);
    assert.equal(root.verify(root.publicKey), true);
    assert.equal(root.subject, "CN=test-ca");
  });

  it("let a client verify the API server at the loopback address, and at no other", () => {
    const { certificate } = issueCertificate(authority, {
      commonName: "kube-apiserver",
      usages: ["server"],
      ipAddresses: ["127.0.0.1", "10.96.0.1"],
      dnsNames: ["kubernetes.default.svc"],
    });
    const server = new X509Certificate(certificate);
    assert.equal(server.checkIssued(root), true);
    assert.equal(server.verify(root.publicKey), true);
    assert.equal(server.checkIP("127.0.0.1"), "127.0.0.1");
    assert.equal(server.checkIP("127.0.0.2"), undefined);
    assert.equal(server.checkHost("kubernetes.default.svc"), "kubernetes.default.svc");
    assert.deepEqual(server.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.equal(server.ca, false);
  });

  it("name a client's user and groups, the way Kubernetes reads them", () => {
    const { certificate, key } = issueCertificate(authority, {
      commonName: "system:node:a",
      organizations: ["system:nodes", "others"],
      usages: ["client"],
    });
    const client = new X509Certificate(certificate);
    assert.equal(client.subject, "O=system:nodes\nO=others\nCN=system:node:a");
    assert.equal(client.checkPrivateKey(createPrivateKey(key)), true);
  });

  it("are valid now, and for the months a cluster may be forgotten", () => {
    const lifetimeDays = (root.validToDate.getTime() - Date.now()) / 86_400_000;
    assert.ok(root.validFromDate.getTime() < Date.now());
    assert.ok(lifetimeDays > 300 && lifetimeDays < 400, `${lifetimeDays} days`);
  });

  it("differ in their serial numbers, which are positive and at most 20 bytes", () => {
    const serials = Array.from({ length: 20 }, () => {
      const { certificate } = issueCertificate(authority, { commonName: "x", usages: ["client"] });
      return new X509Certificate(certificate).serialNumber;
    });
    assert.equal(new Set(serials).size, serials.length);
    assert.ok(serials.every((serial) => serial.length <= 40 && !/^[89A-F]/.test(serial)));
  });

  it("carry any name unchanged", () => {
    const names = fc.string({ minLength: 1, maxLength: 200 }).filter((name) => /^[A-Za-z0-9:.-]+$/.test(name));
    fc.assert(
      fc.property(names, (commonName) => {
        const { certificate } = issueCertificate(authority, { commonName, usages: ["client"] });
        assert.equal(new X509Certificate(certificate).subject, `CN=${commonName}`);
      }),
      { numRuns: 25 },
    );
  });

  it("are not trusted when another authority of the same name signed them", () => {
    const impostor = createAuthority("test-ca");
    const { certificate } = issueCertificate(impostor, { commonName: "x", usages: ["server"] });
    assert.equal(new X509Certificate(certificate).verify(root.publicKey), false);
  });

  it("refuse an address that is not IPv4", () => {
    assert.throws(
      () => issueCertificate(authority, { commonName: "x", usages: ["server"], ipAddresses: ["::1"] }),
      /::1 – not an IPv4 address/,
    );
  });
});

describe("a service account key", () => {
  it("comes with the public half the API server verifies tokens with", () => {
    const key = createKey();
    assert.equal(createPublicKey(key).equals(createPublicKey(publicKey(key))), true);
  });
});

describe("DER", () => {
  it("keeps integers positive and minimal", () => {
    assert.deepEqual([...integer(Buffer.from([0x80]))], [2, 2, 0, 0x80]);
    assert.deepEqual([...integer(Buffer.from([0, 0, 1]))], [2, 1, 1]);
    assert.deepEqual([...integer(Buffer.from([0]))], [2, 1, 0]);
  });

  it("encodes object identifiers in septets", () => {
    assert.equal(objectIdentifier("1.2.840.10045.4.3.2").toString("hex"), "06082a8648ce3d040302");
  });

  it("changes from two-digit to four-digit years in 2050", () => {
    assert.equal(time(new Date("2049-12-31T23:59:59Z")).subarray(2).toString(), "491231235959Z");
    assert.equal(time(new Date("2050-01-01T00:00:00Z")).subarray(2).toString(), "20500101000000Z");
  });
});
