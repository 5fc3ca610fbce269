import assert from "node:assert/strict";
import fc from "fast-check";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { Secrets } from "../../../rehearsal/clouds/secrets.ts";
import { decodeStruct, encodeStruct } from "../../../rehearsal/clouds/structs.ts";
import { containsUnknown, UNKNOWN, type Properties } from "../../../rehearsal/clouds/values.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("properties between the engine and a handler", () => {
  it("open the envelopes of secrets, and close them again at the same places", () => {
    const sent = {
      password: { [SIGNATURE]: SECRET, value: "hunter2-hunter2" },
      nested: { list: [1, { [SIGNATURE]: SECRET, value: { key: "value" } }] },
      plain: "text",
    };
    const { properties, secrets } = decodeStruct(structs.Struct.fromJavaScript(sent));
    assert.deepEqual(properties, {
      password: "hunter2-hunter2",
      nested: { list: [1, { key: "value" }] },
      plain: "text",
    });
    assert.deepEqual(encodeStruct(properties, secrets).toJavaScript(), sent);
  });

  it("mark a secret that a provider returns at another place", () => {
    const { secrets } = decodeStruct(
      structs.Struct.fromJavaScript({ password: { [SIGNATURE]: SECRET, value: "hunter2-hunter2" } }),
    );
    const { connection } = encodeStruct({ connection: { token: "hunter2-hunter2" } }, secrets).toJavaScript();
    assert.deepEqual(connection, { token: { [SIGNATURE]: SECRET, value: "hunter2-hunter2" } });
  });

  it("show what a preview doesn't know as unknown, also inside outputs and secrets", () => {
    const { properties, secrets } = decodeStruct(
      structs.Struct.fromJavaScript({
        address: UNKNOWN_STRING,
        output: { [SIGNATURE]: OUTPUT, dependencies: ["urn"] },
        known: { [SIGNATURE]: OUTPUT, value: 7, secret: false },
        secret: { [SIGNATURE]: OUTPUT, value: "of an output", secret: true },
      }),
    );
    assert.deepEqual(properties, { address: UNKNOWN, output: UNKNOWN, known: 7, secret: "of an output" });
    assert.ok(containsUnknown(properties));
    const encoded = encodeStruct(properties, secrets).toJavaScript();
    assert.equal(encoded.address, UNKNOWN_STRING);
    assert.deepEqual(encoded.secret, { [SIGNATURE]: SECRET, value: "of an output" });
  });

  it("survive the way there and back, whatever they are", () => {
    const { value } = fc.letrec<{ value: Properties }>((tie) => ({
      value: fc.dictionary(
        fc.string().filter((name) => name !== "__proto__"),
        fc.oneof(
          { maxDepth: 4 },
          fc.string(),
          fc.boolean(),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.constant(null),
          fc.array(fc.string()),
          tie("value"),
        ),
        { noNullPrototype: true },
      ),
    }));
    fc.assert(
      fc.property(value, (properties) => {
        const decoded = decodeStruct(encodeStruct(properties, new Secrets()));
        assert.deepEqual(decoded.properties, properties);
      }),
    );
  });
});

describe("messages about properties with secrets", () => {
  const secrets = new Secrets();
  secrets.add(["token"], "s3cr3t-token");
  secrets.add(["certificate"], "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----");
  secrets.addProperties(["data"], { data: { namespace: "default", pin: "12" } });

  it("say [secret] for a secret in plain text, in base64, in JSON, and line by line", () => {
    assert.equal(secrets.redact("token s3cr3t-token refused"), "token [secret] refused");
    assert.equal(secrets.redact(Buffer.from("s3cr3t-token").toString("base64")), "[secret]");
    assert.ok(!secrets.redact('"-----BEGIN KEY-----\\nMIIEvQIBADANBg\\n-----END KEY-----"').includes("MIIE"));
    assert.equal(secrets.redact("near MIIEvQIBADANBg"), "near [secret]");
  });

  it("leave short texts alone, which would be found in every message", () => {
    assert.equal(secrets.redact("after 12 s"), "after 12 s");
  });

  it("don't turn common words of a Secret's data into secrets elsewhere", () => {
    assert.equal(secrets.has(["metadata", "namespace"], "default"), false);
    assert.equal(secrets.has(["data"], { namespace: "default" }), true);
  });
});
