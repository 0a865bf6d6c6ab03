// The controller "endpointslice-controller": EndpointSlices of every Service that selects pods.
#include <algorithm>

#include "reference/controllers/endpointslice/decide.h"
#include "reference/controllers/framework/service_endpoints.h"

namespace plumb::controllers::endpointslice {

namespace {

using informer::Lister;
using informer::object_key;
using ServicePtr = std::shared_ptr<const corev1::Service>;

class EndpointSlices final : public Controller {
 public:
  std::string component() const override { return "endpoint-slice-controller"; }
  std::string account() const override { return "endpointslice-controller"; }
  std::string queue_name() const override { return "endpoint_slice"; }
  std::vector<OptionSpec> options() const override {
    return {{"max-endpoints-per-slice", OptionSpec::Kind::number, "100", "endpoints that an EndpointSlice holds at most, 1 to 1000"}};
  }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "core", "nodes,pods,services"},
            {"update", "core", "services/finalizers"},
            {"create,delete,get,list,update", "discovery.k8s.io", "endpointslices"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    most_endpoints_ = std::clamp<std::int64_t>(watches.options.number("max-endpoints-per-slice", 100), 1, 1000);
    watches.informer<corev1::Service>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    watches.informer<corev1::Pod>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    nodes_ = watches.lister<corev1::Node>();
    services_ = watches.lister<corev1::Service>();
    pods_ = watches.lister<corev1::Pod>();
    slices_ = watch_slices(watches, manager);
    watches.watch_keys<corev1::Service>();
    watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) { queue_services_of(*watches_, services_, before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const ServicePtr service = services_.get(key);
    if (!service) {
      // Its slices go with it: it owns them.
      triggers_.forget(key);
      watches_->expectations.forget(key);
      return {};
    }
    if (service->spec.type == "ExternalName" || service->spec.selector.empty()) return {};
    // Asked before the caches are read: a slice that arrives in between is then seen, not made twice.
    const bool satisfied = watches_->expectations.satisfied(key);
    if (!satisfied) {
      Plan later;
      later.come_again(watches_->expectations.deadline(key) - now.steady + std::chrono::seconds(1));
      return later;
    }
    Observed observed = observe(service);
    observed.trigger_time = triggers_.look(key, *service, observed.pods);
    return decide(observed);
  }

 private:
  Observed observe(const ServicePtr& service) const {
    Observed observed;
    observed.service = service;
    for (PodPtr& pod : pods_.by_index(informer::index::by_namespace, service->metadata.namespace_))
      if (selects(*service, pod->metadata.labels)) observed.pods.push_back(std::move(pod));
    for (SlicePtr& slice : slices_.by_index(slice_index(manager), object_key(*service)))
      if (!slice->metadata.deletionTimestamp) observed.slices.push_back(std::move(slice));
    observed.node = [this](std::string_view name) { return nodes_.get(name); };
    observed.most_endpoints = static_cast<std::size_t>(most_endpoints_);
    return observed;
  }

  Watches* watches_ = nullptr;
  std::int64_t most_endpoints_ = 100;
  TriggerTimes triggers_;
  Lister<corev1::Node> nodes_;
  Lister<corev1::Service> services_;
  Lister<corev1::Pod> pods_;
  Lister<discoveryv1::EndpointSlice> slices_;
};

const Registered<Controller> registered{"endpointslice-controller", [] { return std::make_unique<EndpointSlices>(); }};

}  // namespace

}  // namespace plumb::controllers::endpointslice
