// plumbd hollow: simulated nodes.

#include <cstdio>

#include "harness/base/arguments.h"
#include "harness/base/file.h"
#include "reference/apiserver/authorization/bootstrap_policy.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/end_signals.h"
#include "reference/cluster/pki/pki.h"
#include "reference/cluster/role.h"
#include "reference/kubelet/hollow.h"
#include "reference/kubelet/hollow_server.h"

namespace plumb::cluster {
namespace {

struct Files {
  std::string certificate, key, client_ca;
};
Result<std::unique_ptr<kubelet::HollowServer>> start_server(kubelet::HollowServerOptions options, const Files& files, const Connection& connection) {
  options.tls.certificate_pem = PLUMB_TRY(read_file(files.certificate));
  options.tls.key_pem = PLUMB_TRY(read_file(files.key));
  options.tls.client_ca_pem = files.client_ca.empty() ? connection.ca_pem : PLUMB_TRY(read_file(files.client_ca));
  return kubelet::HollowServer::start(std::move(options), *connection.client, real_clock());
}

class HollowRole final : public Role {
 public:
  std::string summary() const override { return "simulated nodes, thousands in one process"; }
  int run(const std::vector<std::string>& args) override {
    kubelet::HollowOptions options;
    std::string kubeconfig, certificate, key, client_ca;
    kubelet::HollowServerOptions serving;
    int port = 0;
    int threads = static_cast<int>(options.threads), start_delay_ms = 0;
    Arguments arguments("plumbd hollow", summary());
    arguments.option("--kubeconfig", kubeconfig, "where the API server is and who we are there")
        .option("--nodes", options.nodes, "how many nodes")
        .option("--name-prefix", options.name_prefix, "names of the nodes, before their number")
        .option("--cpus", options.cpus, "of each node")
        .option("--memory-gib", options.memory_gib, "of each node")
        .option("--max-pods", options.pods, "on each node")
        .option("--pod-start-ms", start_delay_ms, "how long a container takes to start")
        .option("--threads", threads, "threads that work for all nodes")
        .flag("--events", options.events, "record events of pods, as a real kubelet does")
        .option("--address", serving.address, "address the nodes' kubelets are served on")
        .option("--port", port, "port they are served on; 0: any free one")
        .option("--tls-cert-file", certificate, std::string("certificate of the kubelets, for the name ") + kubelet::kHollowServerName + "; without one none is served")
        .option("--tls-private-key-file", key, "its key")
        .option("--client-ca-file", client_ca, "CA of the callers' certificates (default: the cluster's)");
    if (const auto done = arguments.parse(args)) return *done;
    if (options.nodes < 1 || options.nodes > 100'000 || threads < 1)
      return std::fprintf(stderr, "plumbd hollow: --nodes must be between 1 and 100000, --threads at least 1\n"), kExitUsage;
    options.threads = static_cast<std::size_t>(threads);
    options.pod_start_delay = std::chrono::milliseconds(start_delay_ms);

    const sigset_t set = block_end_signals();
    auto connection = connect(kubeconfig, "plumbd-hollow");
    if (!connection.ok()) return std::fprintf(stderr, "plumbd hollow: %s\n", connection.error().message.c_str()), kExitFailure;
    std::unique_ptr<kubelet::HollowServer> server;
    if (!certificate.empty()) {
      serving.port = static_cast<std::uint16_t>(port);
      auto started = start_server(std::move(serving), {certificate, key, client_ca}, *connection);
      if (!started.ok()) return std::fprintf(stderr, "plumbd hollow: %s\n", started.error().message.c_str()), kExitFailure;
      server = std::move(*started);
      options.kubelet_port = server->port();
    }
    kubelet::HollowNodes nodes(*connection->client, real_clock(), options);
    if (server) server->serve([&nodes](int index) { return nodes.usage(index); });
    nodes.start();
    std::printf("ready\n");
    std::fflush(stdout);
    int number = 0;
    sigwait(&set, &number);
    if (server) server->serve({});
    return kExitOk;
  }
};

// What all simulated nodes together need. NodeRestriction would hold a kubelet's user to one node.
class HollowPolicy final : public apiserver::PolicySource {
 public:
  std::vector<apiserver::PolicyRole> roles() const override {
    return {{kHollowUser,
             "User",
             kHollowUser,
             {{"create,get,list,patch,update,watch", "core", "nodes"},
              {"patch,update", "core", "nodes/status"},
              {"delete,get,list,watch", "core", "pods"},
              {"patch,update", "core", "pods/status"},
              {"create,get,patch,update", "coordination.k8s.io", "leases"},
              {"create", "authentication.k8s.io", "tokenreviews"},
              {"create", "authorization.k8s.io", "subjectaccessreviews"},
              apiserver::records_events}}};
  }
};

const Registered<apiserver::PolicySource> policy{"hollow-nodes", [] { return std::make_unique<HollowPolicy>(); }};
const Registered<Role> registered_hollow_role{"hollow", [] { return std::make_unique<HollowRole>(); }};

}  // namespace
}  // namespace plumb::cluster
