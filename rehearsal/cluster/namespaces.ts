import { ADDRESSES, INSIDE, type Layout } from "./layout.ts";

/** Quotes a word for a POSIX shell. */
export const shellQuote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** The name of the interface that carries the node's address. */
const NODE_INTERFACE = "node0";

/**
 * Kernel settings the kubelet insists on; they are the whole machine's, so it is shown files that already say what it wants.
 * Source: kubernetes 1.36 `setupKernelTunables` (pkg/kubelet/cm/container_manager_linux.go).
 */
export const SHIELDED_SETTINGS = {
  "vm/overcommit_memory": 1,
  "vm/panic_on_oom": 0,
  "kernel/panic": 10,
  "kernel/panic_on_oops": 1,
  "kernel/keys/root_maxkeys": 1_000_000,
  "kernel/keys/root_maxbytes": 25_000_000,
} as const;

function shieldCommands(): string {
  return Object.entries(SHIELDED_SETTINGS)
    .map(([setting, value]) => {
      const file = `/run/kernel/${setting.replaceAll("/", ".")}`;
      return `echo ${value} > ${file}\nmount -n --bind ${file} /proc/sys/${setting}`;
    })
    .join("\n");
}

/**
 * The script that is process 1 of the cluster. It runs in new network, mount and PID namespaces: whatever is started
 * there dies with it, mounts and network included, even if nobody is left to clean up.
 *
 * Mounts become private before they become shared: shared ones would otherwise appear in the host's table as well.
 * Afterwards it reaps orphans, which is what process 1 is for.
 */
export function renderNamespaceScript(layout: Layout): string {
  const q = shellQuote;
  const node = ADDRESSES.node;
  return `set -eu
mount -n --make-rprivate /
mount -n --make-rshared /
mount -n -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/kernel /run/netns /run/lock ${INSIDE.containerdState} ${INSIDE.etcdData}
chmod 0700 ${INSIDE.etcdData}
mount --bind ${q(`${layout.variable}/lib`)} /var/lib
mount --bind ${q(`${layout.variable}/log`)} /var/log
${shieldCommands()}
ip link set lo up
ip link add ${NODE_INTERFACE} type bridge
ip address add ${node}/${ADDRESSES.nodePrefix} dev ${NODE_INTERFACE}
ip link set ${NODE_INTERFACE} up
ip route add default dev ${NODE_INTERFACE}
ip route add unreachable ${ADDRESSES.fakePods}
echo 1 > /proc/sys/net/ipv4/ip_forward
# An address no Service has is refused at once instead of after the timeout of an unanswered ARP request.
iptables -A OUTPUT -d ${ADDRESSES.services} -j REJECT
iptables -A FORWARD -d ${ADDRESSES.services} -j REJECT
: > ${q(layout.namespacesReady)}
while :; do
  sleep 3600 &
  wait $!
done
`;
}

/** The command that makes the namespaces and runs the script in them; its end is the end of everything inside. */
export function namespaceCommand(script: string): readonly string[] {
  return ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", script];
}

/** The command that runs `command` in the namespaces the holder made. */
export function enterCommand(holderPid: number, command: readonly string[]): readonly string[] {
  const namespaces = `/proc/${holderPid}/ns`;
  return [
    "nsenter",
    `--net=${namespaces}/net`,
    `--mount=${namespaces}/mnt`,
    `--pid=${namespaces}/pid_for_children`,
    "--",
    ...command,
  ];
}

/**
 * The command that joins control groups (by their `cgroup.procs` files) and then becomes `command`. Whatever the caller's
 * file mode mask is, what daemons create for containers is readable by containers' users.
 */
export function joinCommand(cgroupFiles: readonly string[], command: readonly string[]): readonly string[] {
  const join = cgroupFiles.map((file) => `echo $$ > ${shellQuote(file)}`).join(" && ");
  return ["sh", "-c", `umask 022; ${join === "" ? ":" : join} && exec "$@"`, "sh", ...command];
}
