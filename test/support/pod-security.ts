import { at, isObject, listAt } from "./values.ts";

/** Kinds of volumes the standard allows. */
const VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/**
 * What keeps a pod from conforming to the Pod Security Standard `restricted`, each as one line; nothing if it conforms.
 *
 * @param pod `spec` of a pod or pod template
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted (Kubernetes 1.36)
 */
export function violationsOfRestricted(pod: unknown): string[] {
  const containers = ["initContainers", "containers", "ephemeralContainers"].flatMap((kind) => listAt(pod, kind));
  return [
    ...["hostNetwork", "hostPID", "hostIPC"].filter((field) => at(pod, field) === true),
    ...listAt(pod, "volumes").flatMap(volumeViolations),
    ...containers.flatMap((container) => containerViolations(pod, container)),
  ];
}

function volumeViolations(volume: unknown): string[] {
  const kinds = isObject(volume) ? Object.keys(volume).filter((key) => key !== "name") : [];
  return kinds.filter((kind) => !VOLUMES.includes(kind)).map((kind) => `volume of kind ${kind}`);
}

function containerViolations(pod: unknown, container: unknown): string[] {
  const own = (field: string) => at(container, "securityContext", field);
  const inherited = (field: string) => own(field) ?? at(pod, "securityContext", field);
  const seccomp = at(inherited("seccompProfile"), "type");
  const rules: readonly (readonly [holds: boolean, violation: string])[] = [
    [own("privileged") !== true, "privileged"],
    [own("allowPrivilegeEscalation") === false, "allowPrivilegeEscalation must be false"],
    [inherited("runAsNonRoot") === true, "runAsNonRoot must be true"],
    [inherited("runAsUser") !== 0, "runAsUser must not be 0"],
    [seccomp === "RuntimeDefault" || seccomp === "Localhost", "seccompProfile must be RuntimeDefault"],
    [listAt(own("capabilities"), "drop").includes("ALL"), "capabilities must drop ALL"],
    [listAt(own("capabilities"), "add").every((name) => name === "NET_BIND_SERVICE"), "adds a capability"],
    [listAt(container, "ports").every((port) => at(port, "hostPort") === undefined), "hostPort"],
    [at(inherited("windowsOptions"), "hostProcess") !== true, "hostProcess"],
  ];
  return rules.filter(([holds]) => !holds).map(([, violation]) => `${String(at(container, "name"))}: ${violation}`);
}
