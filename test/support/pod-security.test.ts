import assert from "node:assert/strict";
import { violationsOfRestricted } from "./pod-security.ts";

const CONTAINER = {
  name: "main",
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
};
const POD = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
  containers: [CONTAINER],
  volumes: [{ name: "tmp", emptyDir: {} }],
};

describe("the check of the Pod Security Standard restricted", () => {
  it("finds nothing in a pod that conforms", () => {
    assert.deepEqual(violationsOfRestricted(POD), []);
  });

  const { securityContext } = CONTAINER;
  const container = (change: object) => ({ ...POD, containers: [{ ...CONTAINER, ...change }] });
  const violations: readonly (readonly [pod: object, violation: RegExp])[] = [
    [{ ...POD, hostNetwork: true }, /hostNetwork/],
    [{ ...POD, volumes: [{ name: "node", hostPath: { path: "/" } }] }, /hostPath/],
    [{ ...POD, securityContext: {} }, /runAsNonRoot/],
    [{ ...POD, securityContext: { ...POD.securityContext, runAsUser: 0 } }, /runAsUser/],
    [{ ...POD, securityContext: { runAsNonRoot: true } }, /seccompProfile/],
    [
      container({ securityContext: { ...securityContext, allowPrivilegeEscalation: true } }),
      /allowPrivilegeEscalation/,
    ],
    [container({ securityContext: { ...securityContext, capabilities: {} } }), /drop ALL/],
    [
      container({ securityContext: { ...securityContext, capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } } }),
      /adds a capability/,
    ],
    [container({ securityContext: { ...securityContext, privileged: true } }), /privileged/],
    [container({ ports: [{ containerPort: 80, hostPort: 80 }] }), /hostPort/],
    [{ ...POD, initContainers: [{ name: "init" }] }, /init: allowPrivilegeEscalation/],
  ];
  for (const [pod, violation] of violations) {
    it(`finds ${violation.source}`, () => {
      assert.match(violationsOfRestricted(pod).join("\n"), violation);
    });
  }
});
