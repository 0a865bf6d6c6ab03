// plumbd kubelet: one node of a cluster on this machine.
#include <unistd.h>

#include <cstdio>

#include "harness/base/arguments.h"
#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/end_signals.h"
#include "reference/cluster/pki/pki.h"
#include "reference/cluster/role.h"
#include "reference/cri/containerd.h"
#include "reference/kubelet/kubelet.h"
#include "reference/kubelet/kubelet_metrics.h"

namespace plumb::cluster {
namespace {

struct Files {
  std::string kubeconfig, runtime_endpoint = "unix:///run/containerd/containerd.sock", certificate, key, client_ca;
};

std::string this_host() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

struct Running {
  Connection connection;
  std::unique_ptr<cri::Runtime> runtime;
  std::unique_ptr<kubelet::Kubelet> kubelet;
};

Result<Running> start(const Files& files, kubelet::KubeletOptions options) {
  Running running;
  running.connection = PLUMB_TRY(connect(files.kubeconfig, "kubelet"));
  std::string socket = files.runtime_endpoint;
  if (socket.starts_with("unix://")) socket = socket.substr(7);
  running.runtime = PLUMB_TRY(cri::connect_containerd({.socket = socket, .call_ended = kubelet::runtime_operation_ended}));
  if (!files.certificate.empty()) {
    options.server.tls.certificate_pem = PLUMB_TRY(read_file(files.certificate));
    options.server.tls.key_pem = PLUMB_TRY(read_file(files.key));
    options.server.tls.client_ca_pem = files.client_ca.empty() ? running.connection.ca_pem : PLUMB_TRY(read_file(files.client_ca));
  }
  running.kubelet = PLUMB_TRY(kubelet::Kubelet::start(std::move(options), *running.connection.client, *running.runtime, real_clock()));
  return running;
}

class KubeletRole final : public Role {
 public:
  std::string summary() const override { return "runs the pods of one node on containerd"; }
  int run(const std::vector<std::string>& args) override {
    Files files;
    kubelet::KubeletOptions options;
    options.node_name = this_host();
    int port = options.server.port;
    std::string labels, taints, dns;
    Arguments arguments("plumbd kubelet", summary());
    arguments.option("--kubeconfig", files.kubeconfig, "where the API server is and who we are there")
        .option("--node-name,--hostname-override", options.node_name, "the node's name (default: the host's)")
        .option("--node-ip", options.node_ip, "the node's address")
        .option("--root-dir", options.root_dir, "where pods and their volumes lie")
        .option("--pod-logs-dir", options.pod_log_dir, "where containers' logs lie")
        .option("--container-runtime-endpoint", files.runtime_endpoint, "containerd's socket")
        .option("--cgroup-root", options.cgroup_root, "cgroup below which pods have theirs, in every hierarchy")
        .option("--cluster-dns", dns, "addresses of the cluster's name servers, comma-separated")
        .option("--cluster-domain", options.cluster_domain, "the cluster's domain")
        .option("--resolv-conf", options.resolv_conf, "the node's own name resolution")
        .option("--max-pods", options.max_pods, "how many pods the node takes")
        .option("--node-labels", labels, "labels to register with: key=value,...")
        .option("--register-with-taints", taints, "taints to register with: key=value:effect,...")
        .option("--address", options.server.address, "address the kubelet's server listens on")
        .option("--port", port, "port of the kubelet's server; 0: any free one")
        .option("--tls-cert-file", files.certificate, "the server's certificate; without one there is no server")
        .option("--tls-private-key-file", files.key, "its key")
        .option("--client-ca-file", files.client_ca, "CA of the callers' certificates (default: the cluster's)");
    if (const auto done = arguments.parse(args)) return *done;
    options.server.port = static_cast<std::uint16_t>(port);
    for (const auto& [text, list] : {std::pair(&labels, &options.node_labels), {&taints, &options.register_with_taints}, {&dns, &options.cluster_dns}})
      for (const auto item : split(*text, ','))
        if (!item.empty()) list->emplace_back(item);
    if (options.node_ip.empty()) return std::fprintf(stderr, "plumbd kubelet: --node-ip is missing: the address other nodes reach this one by\n"), kExitUsage;

    const sigset_t set = block_end_signals();
    auto running = start(files, std::move(options));
    if (!running.ok()) return std::fprintf(stderr, "plumbd kubelet: %s\n", running.error().message.c_str()), kExitFailure;
    std::printf("ready on port %d\n", running->kubelet->port());
    std::fflush(stdout);
    int number = 0;
    sigwait(&set, &number);
    running->kubelet.reset();
    return kExitOk;
  }
};

const Registered<Role> registered_kubelet_role{"kubelet", [] { return std::make_unique<KubeletRole>(); }};

}  // namespace
}  // namespace plumb::cluster
