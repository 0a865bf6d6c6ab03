// metrics-server as a component of the control plane: what nodes and pods use, by the API metrics.k8s.io.
#include "harness/base/log.h"
#include "harness/base/worker_pool.h"
#include "reference/apiserver/authorization/bootstrap_policy.h"
#include "reference/cluster/control_plane/component.h"
#include "reference/cluster/control_plane/flags.h"
#include "reference/metrics/metrics_server.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;

class MetricsServerComponent final : public Component {
 public:
  std::string summary() const override { return "serves what nodes and pods use (metrics.k8s.io), from their kubelets"; }
  bool serves_itself() const override { return true; }
  void declare(Arguments& arguments) override {
    arguments.group("Metrics server");
    arguments.flag("--metrics-server", enabled_, "serve metrics.k8s.io (default true)");
    duration_option(arguments, "--metric-resolution", resolution_, "time between two readings of a kubelet");
    arguments.flag("--kubelet-insecure-tls", insecure_, "do not verify kubelets' certificates");
    arguments.group("Options");
  }
  Status start(const ComponentContext& context) override {
    if (!enabled_) return {};
    if (resolution_ < 10s) return fail(Code::invalid_argument, "--metric-resolution must be at least 10s: kubelets have nothing newer");
    metrics_api::MetricsServerOptions options;
    options.scraper.resolution = resolution_;
    options.scraper.kubelet = PLUMB_TRY(context.identity());
    options.scraper.kubelet.insecure_skip_verify = insecure_;
    options.bind_address = context.bind_address;
    options.port = context.secure_port;
    options.advertise_address = context.advertise_address;
    options.client_ca_pem = context.root_ca_pem;
    if (!context.election) return begin(context, std::move(options));
    worker_ = std::make_unique<WorkerPool>(1, 1);
    informer::LeaderCallbacks callbacks;
    // Beginning waits for the API server, which a callback may not.
    callbacks.started_leading = [this, context, options] {
      worker_->try_post([this, context, options] {
        if (const Status begun = begin(context, options); !begun.ok()) log::error("metrics-server", begun.error().message);
      });
    };
    callbacks.stopped_leading = [lost = context.lost_leadership, this] {
      if (lost && !stopping_) lost();
    };
    elector_ = std::make_unique<informer::LeaderElector>(context.client, context.clock, *context.election, std::move(callbacks));
    elector_->start();
    return {};
  }
  void stop() override {
    stopping_ = true;
    if (elector_) elector_->stop();
    elector_.reset();
    worker_.reset();
    server_.reset();
    stopping_ = false;
  }

 private:
  Status begin(const ComponentContext& context, metrics_api::MetricsServerOptions options) {
    server_ = PLUMB_TRY(metrics_api::MetricsServer::start(std::move(options), context.client, context.informers, context.clock));
    return {};
  }

  bool enabled_ = true, insecure_ = false;
  Duration resolution_ = 15s;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<informer::LeaderElector> elector_;
  std::unique_ptr<WorkerPool> worker_;
  std::unique_ptr<metrics_api::MetricsServer> server_;
};

// Upstream's role of metrics-server, and what registering itself takes.
class MetricsServerPolicy final : public apiserver::PolicySource {
 public:
  std::vector<apiserver::PolicyRole> roles() const override {
    return {{"system:metrics-server",
             "User",
             "system:metrics-server",
             {{"get", "core", "nodes/metrics"},
              {"get,list,watch", "core", "nodes,pods"},
              {"create", "authentication.k8s.io", "tokenreviews"},
              {"create", "authorization.k8s.io", "subjectaccessreviews"},
              {"create,get,update", "core", "services"},
              {"create,get,update", "discovery.k8s.io", "endpointslices"},
              {"create,get,update", "apiregistration.k8s.io", "apiservices"},
              {"create", "coordination.k8s.io", "leases"},
              {"get,update", "coordination.k8s.io", "leases", "metrics-server"}}}};
  }
};

const Registered<apiserver::PolicySource> policy{"metrics-server", [] { return std::make_unique<MetricsServerPolicy>(); }};
const Registered<Component> registered_metrics_server{"metrics-server", [] { return std::make_unique<MetricsServerComponent>(); }};

}  // namespace
}  // namespace plumb::cluster
