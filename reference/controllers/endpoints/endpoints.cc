// The controller "endpoints-controller": Endpoints of every Service that selects pods, for those who do not read EndpointSlices.
#include "reference/controllers/endpoints/decide.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/service_endpoints.h"

namespace plumb::controllers::endpoints {

namespace {

using informer::Lister;
using EndpointsPtr = std::shared_ptr<const corev1::Endpoints>;
using PodPtr = std::shared_ptr<const corev1::Pod>;

constexpr std::string_view leader_annotation = "control-plane.alpha.kubernetes.io/leader";

class EndpointsController final : public Controller {
 public:
  std::string component() const override { return "endpoint-controller"; }
  std::string queue_name() const override { return "endpoint"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "core", "pods,services"},
            {"create,delete,get,list,update", "core", "endpoints"},
            {"create", "core", "endpoints/restricted"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    watches.informer<corev1::Service>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    watches.informer<corev1::Pod>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    services_ = watches.lister<corev1::Service>();
    pods_ = watches.lister<corev1::Pod>();
    endpoints_ = watches.lister<corev1::Endpoints>();
    watches.watch_keys<corev1::Service>();
    watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) { queue_services_of(*watches_, services_, before, after); });
    // The first look at each also finds those whose Service went while nobody was looking; later only what goes matters.
    watches.watch<corev1::Endpoints>([this](const EndpointsPtr& before, const EndpointsPtr& after) {
      const bool found = !before && !watches_->synced() && !after->metadata.annotations.contains(leader_annotation);
      if (found || !after) watches_->queue.add(informer::object_key(after ? *after : *before));
    });
  }

  Plan reconcile(const std::string& key, const Now&) override {
    const auto service = services_.get(key);
    if (!service) {
      triggers_.forget(key);
      return remove(key);
    }
    if (service->spec.type == "ExternalName" || service->spec.selector.empty()) return {};
    Observed observed;
    observed.service = service;
    for (PodPtr& pod : pods_.by_index(informer::index::by_namespace, service->metadata.namespace_))
      if (selects(*service, pod->metadata.labels)) observed.pods.push_back(std::move(pod));
    observed.current = endpoints_.get(key);
    observed.trigger_time = triggers_.look(key, *service, observed.pods);
    return decide(observed);
  }

 private:
  Plan remove(const std::string& key) const {
    Plan plan;
    const EndpointsPtr left = endpoints_.get(key);
    if (left)
      plan.act(informer::remove_request(informer::resource_of<corev1::Endpoints>(), left->metadata.namespace_, left->metadata.name, informer::only_this(*left))).accept = {
          "NotFound"};
    return plan;
  }

  Watches* watches_ = nullptr;
  TriggerTimes triggers_;
  Lister<corev1::Service> services_;
  Lister<corev1::Pod> pods_;
  Lister<corev1::Endpoints> endpoints_;
};

const Registered<Controller> registered{"endpoints-controller", [] { return std::make_unique<EndpointsController>(); }};

}  // namespace

}  // namespace plumb::controllers::endpoints
