import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ComponentRegistrar } from "../../../rehearsal/clouds/component.ts";
import { simulatedKubernetes } from "../../../rehearsal/clouds/kubernetes.ts";
import { ProviderError, type ConstructRequest } from "../../../rehearsal/clouds/provider.ts";
import { simulatedProvider, type FaultyProvider } from "../../../rehearsal/clouds/tables.ts";
import { textAt, UNKNOWN } from "../../../rehearsal/clouds/values.ts";
import { changes, rehearseProgram, withRehearsal } from "../../support/engine.ts";

const SECRET = "s3cr3t-password-of-the-network";

/** A cloud with one resource type, one data source and one component, as small as a provider can be. */
function demoCloud(): FaultyProvider {
  return simulatedProvider({
    name: "demo",
    version: "1.2.3",
    configure: ({ region }) => {
      if (region === "atlantis")
        throw new ProviderError("region: atlantis – there is no such region. Use eu-1 or us-1.");
    },
    resources: {
      "demo:net:Network": {
        replaceOn: ["cidr"],
        deleteBeforeReplace: true,
        secretProperties: ["password"],
        check: ({ inputs }) => ({
          inputs: { tier: "standard", ...inputs },
          failures: inputs.cidr === undefined ? [{ path: ["cidr"], reason: "is missing. Give a range." }] : [],
        }),
        create: ({ inputs, log }) => {
          log("warning", `network is made with password ${textAt(inputs, "password") ?? ""}`);
          return { id: "net-1", outputs: { ...inputs, address: "10.0.0.1" } };
        },
      },
    },
    invokes: {
      "demo:net:getZones": (args) => {
        const region = textAt(args, "region") ?? "eu-1";
        return { zones: [`${region}a`, `${region}b`] };
      },
    },
    components: { "demo:net:Site": site },
  });
}

async function site(request: ConstructRequest) {
  const registrar = new ComponentRegistrar(request);
  const { urn } = await registrar.component();
  const network = await registrar.child(
    "demo:net:Network",
    `${request.name}-net`,
    { cidr: "10.1.0.0/16" },
    { parent: urn, version: "1.2.3" },
  );
  return await registrar.finish(urn, { address: network.outputs.address ?? UNKNOWN });
}

class Network extends pulumi.CustomResource {
  declare readonly address: pulumi.Output<string>;
  constructor(name: string, args: Record<string, pulumi.Input<unknown>>, options?: pulumi.CustomResourceOptions) {
    super("demo:net:Network", name, { address: undefined, ...args }, { version: "1.2.3", ...options });
  }
}

class Router extends pulumi.CustomResource {
  constructor(name: string) {
    super("demo:net:Router", name, {}, { version: "1.2.3" });
  }
}

class Cloud extends pulumi.ProviderResource {
  constructor(name: string, args: Record<string, pulumi.Input<unknown>>) {
    super("demo", name, args, {});
  }
}

class Site extends pulumi.ComponentResource {
  declare readonly address: pulumi.Output<string>;
  constructor(name: string) {
    super("demo:net:Site", name, { address: undefined }, { version: "1.2.3" }, true);
  }
}

describe("a provider made of tables, under the real engine", function () {
  this.timeout(120_000);

  it("has resources whose defaults, computed outputs and replacements the engine sees", async () => {
    let cidr = "10.0.0.0/16";
    const program = () => {
      const network = new Network("main", { cidr });
      return Promise.resolve({ address: network.address });
    };
    await rehearseProgram(program, [demoCloud()], async (engine) => {
      assert.deepEqual((await engine.outputs()).address, { value: "10.0.0.1", secret: false });
      const main = (await engine.exportState()).resources.find(({ type }) => type === "demo:net:Network");
      assert.deepEqual(main?.inputs.tier, "standard");
      cidr = "10.2.0.0/16";
      const { steps } = await engine.preview();
      assert.deepEqual(steps.find(({ operation }) => operation === "replace")?.replacedBy, ["cidr"]);
    });
  });

  it("refuses inputs with the property and the reason", async () => {
    const program = () => Promise.resolve({ id: new Network("main", {}).id });
    await withRehearsal(program, [demoCloud()], async (engine) => {
      await assert.rejects(engine.preview(), { message: /cidr.*is missing\. Give a range\./s });
    });
  });

  it("refuses its own arguments before anything is made", async () => {
    const program = () => {
      const provider = new Cloud("there", { region: "atlantis" });
      return Promise.resolve({ id: new Network("main", { cidr: "10.0.0.0/16" }, { provider }).id });
    };
    await withRehearsal(program, [demoCloud()], async (engine) => {
      await assert.rejects(engine.up(), { message: /region: atlantis – there is no such region\. Use eu-1 or us-1\./ });
    });
  });

  it("keeps what is secret by nature encrypted, and out of its own messages", async () => {
    const program = () => Promise.resolve({ id: new Network("main", { cidr: "10.0.0.0/16", password: SECRET }).id });
    const said: string[] = [];
    await rehearseProgram(
      program,
      [demoCloud()],
      async (engine) => {
        assert.ok(!(await engine.exportState()).text.includes(SECRET), "the state has the password in plain text");
      },
      { onProgress: (progress) => said.push(JSON.stringify(progress)) },
    );
    const messages = said.filter((one) => one.includes("network is made"));
    assert.ok(messages.length > 0 && messages.every((message) => message.includes("with password [secret]")));
  });

  it("answers data sources", async () => {
    const program = async () => {
      const found: unknown = await pulumi.runtime.invoke("demo:net:getZones", { region: "us-1" }, { version: "1.2.3" });
      return { found };
    };
    await withRehearsal(program, [demoCloud()], async (engine) => {
      await engine.up();
      assert.deepEqual((await engine.outputs()).found?.value, { zones: ["us-1a", "us-1b"] });
    });
  });

  it("constructs remote components with their children", async () => {
    const program = () => Promise.resolve({ address: new Site("berlin").address });
    const { up } = await rehearseProgram(program, [demoCloud()], async (engine) => {
      assert.equal((await engine.outputs()).address?.value, "10.0.0.1");
      const { resources } = await engine.exportState();
      const child = resources.find(({ urn }) => urn.endsWith("::berlin-net"));
      assert.match(child?.parent ?? "", /demo:net:Site::berlin$/);
    });
    assert.ok(changes(up).includes("create berlin-net"));
  });

  it("says what it doesn't have", async () => {
    const program = () => Promise.resolve({ id: new Router("main").id });
    await withRehearsal(program, [demoCloud()], async (engine) => {
      await assert.rejects(engine.preview(), { message: /The simulated demo has no resource type demo:net:Router\./ });
    });
  });

  it("loses an answer when told to: the resource exists, and the engine doesn't know of it", async () => {
    const cloud = demoCloud();
    cloud.faults.add({ on: "create", type: "demo:net:Network", when: "after", message: "timeout", times: 1 });
    const program = () => Promise.resolve({ id: new Network("main", { cidr: "10.0.0.0/16" }).id });
    await withRehearsal(program, [cloud], async (engine) => {
      await assert.rejects(engine.up(), { message: "Network main: timeout" });
      assert.deepEqual(changes(await engine.up()), ["create main"]);
    });
  });

  it("keeps two providers of one package apart, each with its own cluster", async () => {
    const kubernetes = simulatedKubernetes();
    const program = () => {
      for (const name of ["east", "west"]) {
        const provider = new k8s.Provider(name, { kubeconfig: "none", clusterIdentifier: name, namespace: "default" });
        new k8s.core.v1.ConfigMap(name, { metadata: { name: `only-in-${name}` } }, { provider });
      }
      return Promise.resolve({});
    };
    await rehearseProgram(program, [kubernetes], () => {
      const names = (cluster: string) =>
        kubernetes
          .cluster(cluster)
          .objects()
          .map((object) => textAt(object, "metadata", "name"));
      assert.deepEqual([names("east"), names("west")], [["only-in-east"], ["only-in-west"]]);
      return Promise.resolve();
    });
  });
});
