import { ADDRESSES, INSIDE, PORTS } from "../layout.ts";
import { FRONT_PROXY, type Credentials } from "./credentials.ts";

/** Arguments of etcd: plain HTTP on the loopback of a network namespace nobody else is in; data in memory. */
export function etcdArguments(): readonly string[] {
  const client = `http://127.0.0.1:${PORTS.etcd}`;
  const peer = `http://127.0.0.1:${PORTS.etcdPeer}`;
  return [
    "--name=cluster",
    `--data-dir=${INSIDE.etcdData}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=cluster=${peer}`,
    "--logger=zap",
    "--log-level=warn",
  ];
}

/** Arguments of kube-apiserver. */
export function apiserverArguments(credentials: Credentials): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${PORTS.etcd}`,
    "--bind-address=0.0.0.0",
    `--advertise-address=${ADDRESSES.node}`,
    `--secure-port=${PORTS.api}`,
    `--service-cluster-ip-range=${ADDRESSES.services}`,
    `--tls-cert-file=${credentials.apiserver.certificate}`,
    `--tls-private-key-file=${credentials.apiserver.key}`,
    `--client-ca-file=${credentials.authority}`,
    `--kubelet-certificate-authority=${credentials.authority}`,
    `--kubelet-client-certificate=${credentials.apiserverClient.certificate}`,
    `--kubelet-client-key=${credentials.apiserverClient.key}`,
    `--requestheader-client-ca-file=${credentials.authority}`,
    `--requestheader-allowed-names=${FRONT_PROXY}`,
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${credentials.frontProxy.certificate}`,
    `--proxy-client-key-file=${credentials.frontProxy.key}`,
    // Node names don't resolve here; logs and exec reach the kubelet by address.
    "--kubelet-preferred-address-types=InternalIP",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${credentials.serviceAccount.publicKey}`,
    `--service-account-signing-key-file=${credentials.serviceAccount.key}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    // Needs progress notifications of etcd ≥ 3.4.25; with an older one, clients that try it hang instead of falling back.
    "--feature-gates=WatchList=false",
    "--profiling=false",
  ];
}

/** Arguments of kube-controller-manager. */
export function controllerManagerArguments(credentials: Credentials): readonly string[] {
  const kubeconfig = credentials.kubeconfig("controller-manager");
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--use-service-account-credentials",
    // Each of the forty controllers asks for a token of its own at start; the default limit makes that four seconds.
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    `--service-account-private-key-file=${credentials.serviceAccount.key}`,
    `--root-ca-file=${credentials.authority}`,
    `--cluster-signing-cert-file=${credentials.authority}`,
    `--cluster-signing-key-file=${credentials.authorityKey}`,
    `--flex-volume-plugin-dir=${INSIDE.volumePlugins}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--profiling=false",
  ];
}

/** Arguments of kube-scheduler. */
export function schedulerArguments(credentials: Credentials): readonly string[] {
  const kubeconfig = credentials.kubeconfig("scheduler");
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--profiling=false",
  ];
}

/** Nodes with this annotation are kwok's; it leaves all others alone. */
export const FAKE_NODE = { annotation: "kwok.x-k8s.io/node", value: "fake" } as const;

/** Arguments of kwok, which plays the kubelet of simulated nodes. */
export function kwokArguments(credentials: Credentials, stages: string): readonly string[] {
  return [
    `--kubeconfig=${credentials.kubeconfig("kwok")}`,
    `--config=${stages}`,
    "--manage-all-nodes=false",
    `--manage-nodes-with-annotation-selector=${FAKE_NODE.annotation}=${FAKE_NODE.value}`,
    `--cidr=${ADDRESSES.fakePods}`,
    `--node-ip=${ADDRESSES.fakeNodes}`,
    "--node-lease-duration-seconds=40",
  ];
}
