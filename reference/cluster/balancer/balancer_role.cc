// plumbd load-balancer: the machine's routes to the addresses of Services of type LoadBalancer.
#include <cstdio>
#include <thread>

#include "harness/base/arguments.h"
#include "harness/base/log.h"
#include "reference/cluster/balancer/routes.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/end_signals.h"
#include "reference/cluster/role.h"
#include "reference/informer/informer.h"
#include "reference/informer/work_queue.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;
using corev1::Node;
using corev1::Service;
using discoveryv1::EndpointSlice;

constexpr char component[] = "load-balancer", sync_key[] = "sync";
// Changes come in groups: those of a rollout, of a node that goes.
constexpr Duration gather = 20ms, retry = 1s;

class Balancer {
 public:
  Balancer(informer::Client& client, const api::IpRange& range, const std::string& device) : range_(range), routes_(range, device), queue_(real_clock()), informers_(client, real_clock()) {
    services_ = informers_.informer<Service>().lister<Service>();
    slices_ = informers_.informer<EndpointSlice>().lister<EndpointSlice>();
    nodes_ = informers_.informer<Node>().lister<Node>();
    informers_.informer<Service>().add_handler([this](const auto& before, const auto& after) {
      if (is_balanced(before) || is_balanced(after)) wake();
    });
    informers_.informer<EndpointSlice>().add_handler([this](const auto& before, const auto& after) {
      const api::Object& slice = after ? *after : *before;
      const auto service = services_.get(slice.metadata.namespace_, slice.metadata.labels.get("kubernetes.io/service-name"));
      if (service && service->spec.externalTrafficPolicy == corev1::ServiceExternalTrafficPolicyLocal) wake();
    });
    informers_.informer<Node>().add_handler([this](const auto&, const auto&) { wake(); });
    informers_.start();
    thread_ = std::thread([this] { run(); });
  }
  ~Balancer() {
    queue_.shut_down();
    thread_.join();
    informers_.stop();
  }

 private:
  static bool is_balanced(const informer::ObjectPtr& object) { return object && static_cast<const Service&>(*object).spec.type == corev1::ServiceTypeLoadBalancer; }
  void wake() { queue_.add_after(sync_key, gather); }

  void run() {
    while (queue_.get()) {
      if (!informers_.has_synced()) {
        wake();
      } else if (const Status kept = routes_.keep(balancer_routes({services_.list(), slices_.list(), nodes_.list()}, range_)); !kept.ok()) {
        log::error(component, "leading packets for " + range_.text() + " to the nodes: " + kept.error().message + "; trying again");
        queue_.add_after(sync_key, retry);
      }
      queue_.done(sync_key);
    }
  }

  const api::IpRange range_;
  HostRoutes routes_;
  informer::WorkQueue queue_;
  informer::InformerFactory informers_;
  informer::Lister<Service> services_;
  informer::Lister<EndpointSlice> slices_;
  informer::Lister<Node> nodes_;
  std::thread thread_;
};

class BalancerRole final : public Role {
 public:
  std::string summary() const override { return "leads packets for Services of type LoadBalancer from this machine to the nodes on it"; }
  int run(const std::vector<std::string>& args) override {
    std::string kubeconfig, range_text, device;
    Arguments arguments("plumbd load-balancer", summary());
    arguments.option("--kubeconfig", kubeconfig, "where the API server is and who we are there")
        .option("--ip-range", range_text, "the addresses to care for: the controller manager's --load-balancer-ip-range")
        .option("--device", device, "the network device behind which the nodes are");
    if (const auto done = arguments.parse(args)) return *done;
    const auto range = api::IpRange::parse(range_text);
    if (!range || device.empty()) {
      std::fprintf(stderr, "plumbd load-balancer: --ip-range %s needs to be a range of addresses, such as 10.0.254.0/24, and --device the name of a network device\n", range_text.c_str());
      return kExitUsage;
    }
    const sigset_t signals = block_end_signals();
    const auto connection = connect(kubeconfig, component);
    if (!connection.ok()) {
      std::fprintf(stderr, "plumbd load-balancer: %s\n", connection.error().message.c_str());
      return kExitFailure;
    }
    const Balancer balancer(*connection->client, *range, device);
    std::printf("ready\n");
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    return kExitOk;
  }
};

const Registered<Role> registered{"load-balancer", [] { return std::make_unique<BalancerRole>(); }};

}  // namespace
}  // namespace plumb::cluster
