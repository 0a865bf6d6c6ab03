// plumbd hollow: simulated nodes.
#include <signal.h>

#include <cstdio>

#include "harness/base/arguments.h"
#include "reference/apiserver/authorization/bootstrap_policy.h"
#include "reference/cluster/control_plane/connect.h"
#include "reference/cluster/pki/pki.h"
#include "reference/cluster/role.h"
#include "reference/kubelet/hollow.h"

namespace plumb::cluster {
namespace {

class HollowRole final : public Role {
 public:
  std::string summary() const override { return "simulated nodes, thousands in one process"; }
  int run(const std::vector<std::string>& args) override {
    kubelet::HollowOptions options;
    std::string kubeconfig;
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
        .flag("--events", options.events, "record events of pods, as a real kubelet does");
    if (const auto done = arguments.parse(args)) return *done;
    if (options.nodes < 1 || options.nodes > 100'000 || threads < 1)
      return std::fprintf(stderr, "plumbd hollow: --nodes must be between 1 and 100000, --threads at least 1\n"), kExitUsage;
    options.threads = static_cast<std::size_t>(threads);
    options.pod_start_delay = std::chrono::milliseconds(start_delay_ms);

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
    auto connection = connect(kubeconfig, "plumbd-hollow");
    if (!connection.ok()) return std::fprintf(stderr, "plumbd hollow: %s\n", connection.error().message.c_str()), kExitFailure;
    kubelet::HollowNodes nodes(*connection->client, real_clock(), options);
    nodes.start();
    std::printf("ready\n");
    std::fflush(stdout);
    int number = 0;
    sigwait(&set, &number);
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
              apiserver::records_events}}};
  }
};

const Registered<apiserver::PolicySource> policy{"hollow-nodes", [] { return std::make_unique<HollowPolicy>(); }};
const Registered<Role> registered{"hollow", [] { return std::make_unique<HollowRole>(); }};

}  // namespace
}  // namespace plumb::cluster
