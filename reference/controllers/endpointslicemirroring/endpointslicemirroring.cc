// The controller "endpointslice-mirroring-controller": EndpointSlices for the Endpoints of Services that select no pods.
#include <algorithm>

#include "reference/controllers/endpointslicemirroring/decide.h"

namespace plumb::controllers::endpointslicemirroring {

namespace {

using EndpointsPtr = std::shared_ptr<const corev1::Endpoints>;
using ServicePtr = std::shared_ptr<const corev1::Service>;
using informer::Lister;

bool selects_nothing(const ServicePtr& service) { return service && service->spec.selector.empty(); }

class Mirroring final : public Controller {
 public:
  std::string component() const override { return "endpoint-slice-mirroring-controller"; }
  std::string account() const override { return "endpointslicemirroring-controller"; }
  std::string queue_name() const override { return "endpoint_slice_mirroring"; }
  std::vector<OptionSpec> options() const override {
    return {{"mirroring-max-endpoints-per-subset", OptionSpec::Kind::number, "1000", "endpoints that are mirrored of a subset of Endpoints, 1 to 1000"}};
  }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "core", "endpoints,services"},
            {"update", "core", "endpoints/finalizers,services/finalizers"},
            {"create,delete,get,list,update", "discovery.k8s.io", "endpointslices"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    most_endpoints_ = std::clamp<std::int64_t>(watches.options.number("mirroring-max-endpoints-per-subset", 1000), 1, 1000);
    services_ = watches.lister<corev1::Service>();
    endpoints_ = watches.lister<corev1::Endpoints>();
    slices_ = watch_slices(watches, manager);
    watches.watch<corev1::Service>([&queue = watches.queue](const ServicePtr& before, const ServicePtr& after) {
      const bool changed = before && after ? selects_nothing(before) != selects_nothing(after) : selects_nothing(after ? after : before);
      if (changed) queue.add(informer::object_key(after ? *after : *before));
    });
    watches.watch<corev1::Endpoints>([&queue = watches.queue](const EndpointsPtr& before, const EndpointsPtr& after) {
      if ((before && should_mirror(*before)) || (after && should_mirror(*after))) queue.add(informer::object_key(after ? *after : *before));
    });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const bool satisfied = watches_->expectations.satisfied(key);
    const std::vector<SlicePtr> slices = slices_.by_index(slice_index(manager), key);
    const EndpointsPtr endpoints = endpoints_.get(key);
    if (!endpoints || !should_mirror(*endpoints) || !selects_nothing(services_.get(key))) {
      watches_->expectations.forget(key);
      return clean_up(key, slices);
    }
    if (satisfied) return decide(endpoints, slices, static_cast<std::size_t>(most_endpoints_));
    Plan later;
    later.come_again(watches_->expectations.deadline(key) - now.steady + std::chrono::seconds(1));
    return later;
  }

 private:
  Watches* watches_ = nullptr;
  std::int64_t most_endpoints_ = 1000;
  Lister<corev1::Service> services_;
  Lister<corev1::Endpoints> endpoints_;
  Lister<discoveryv1::EndpointSlice> slices_;
};

const Registered<Controller> registered{"endpointslice-mirroring-controller", [] { return std::make_unique<Mirroring>(); }};

}  // namespace

}  // namespace plumb::controllers::endpointslicemirroring
