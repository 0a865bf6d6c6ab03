// The controller "service-lb-controller": Services of type LoadBalancer get an address of --load-balancer-ip-range, whose packets somebody leads
// to the nodes (reference/cluster/balancer on the machine of `plumb up`). Without a range it does nothing, as upstream's without a cloud.
// Finalizer, events and what is left to others (loadBalancerClass) are upstream's.
#include <set>
#include <utility>

#include "harness/base/log.h"
#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/servicelb/address_pool.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::servicelb {

namespace {

using ServicePtr = std::shared_ptr<const corev1::Service>;

constexpr std::string_view finalizer = "service.kubernetes.io/load-balancer-cleanup";
constexpr std::string_view mode_vip = "VIP";

bool wants_address(const corev1::Service& service) {
  return service.spec.type == corev1::ServiceTypeLoadBalancer && !service.spec.loadBalancerClass && !service.metadata.deletionTimestamp;
}

bool has_finalizer(const corev1::Service& service) {
  for (const api::Str& each : service.metadata.finalizers)
    if (each == finalizer) return true;
  return false;
}

std::vector<api::Ip> given(const corev1::Service& service) {
  std::vector<api::Ip> ips;
  for (const corev1::LoadBalancerIngress& ingress : service.status.loadBalancer.ingress)
    if (const auto ip = api::Ip::parse(ingress.ip.view())) ips.push_back(*ip);
  return ips;
}

// Finalizer and status in one write, as upstream's patch of the status. Without addresses the load balancer is gone.
Plan write(const ServicePtr& service, const std::vector<api::Ip>& ips) {
  auto next = std::static_pointer_cast<corev1::Service>(api::clone(*service));
  next->metadata.finalizers.erase_if([](const api::Str& each) { return each == finalizer; });
  if (!ips.empty()) next->metadata.finalizers.push_back(api::Str(finalizer));
  auto& ingress = next->status.loadBalancer.ingress;
  ingress.clear();
  for (const api::Ip& ip : ips) {
    corev1::LoadBalancerIngress one;
    one.ip = api::Str(ip.text());
    one.ipMode = api::Opt<api::Str>(mode_vip);
    ingress.push_back(one);
  }
  Plan plan;
  if (next->status == service->status && next->metadata.finalizers.size() == service->metadata.finalizers.size()) return plan;
  const std::string begun = ips.empty() ? "Deleting" : "Ensuring", done = ips.empty() ? "Deleted" : "Ensured";
  plan.record(service, informer::event_normal, begun + "LoadBalancer", begun + " load balancer");
  Action& action = plan.act(informer::update_status_request(next));
  action.on_success = Event{service, informer::event_normal, done + "LoadBalancer", done + " load balancer"};
  action.accept = {"NotFound"};
  return plan;
}

class ServiceLb final : public Controller {
 public:
  std::string component() const override { return "service-controller"; }
  std::string queue_name() const override { return "service"; }
  // An address is given once: one Service after the other.
  int workers() const override { return 1; }
  std::vector<OptionSpec> options() const override {
    return {{"load-balancer-ip-range", OptionSpec::Kind::text, "",
             "addresses for Services of type LoadBalancer, such as 10.0.254.0/24; a second range of the other family after a comma. None: they are left to others"}};
  }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "core", "services"}, {"patch,update", "core", "services/status"}, {"list,watch", "core", "nodes"}, apiserver::records_events};
  }

  void watch(Watches& watches) override {
    auto pool = AddressPool::parse(watches.options.text("load-balancer-ip-range", {}));
    if (!pool.ok()) log::error(component(), "--load-balancer-ip-range: " + pool.error().message + "; Services of type LoadBalancer get no address");
    if (!pool.ok() || pool->empty()) return;
    pool_ = std::move(*pool);
    queue_ = &watches.queue;
    services_ = watches.watch_keys<corev1::Service>();
  }

  Plan reconcile(const std::string& key, const Now&) override {
    if (!queue_) return {};
    if (!std::exchange(looked_, true)) look();
    const ServicePtr service = services_.get(key);
    if (service && wants_address(*service)) return ensure(key, service);
    waiting_.erase(key);
    Plan plan;
    if (service && (has_finalizer(*service) || !pool_.held(key).empty()))
      plan = write(service, {});
    // The address is free once nothing tells of it any more.
    if (plan.stages.empty()) free(key, {});
    return plan;
  }

 private:
  // Before the first address is given out: what Services have already.
  void look() {
    for (const ServicePtr& service : services_.list())
      if (has_finalizer(*service))
        for (const api::Ip& ip : given(*service)) pool_.take(informer::object_key(*service), ip);
  }

  void free(const std::string& key, const std::vector<api::Ip>& kept) {
    if (!pool_.keep_only(key, kept)) return;
    for (const std::string& other : std::exchange(waiting_, {})) queue_->add(other);
  }

  Plan ensure(const std::string& key, const ServicePtr& service) {
    const auto chosen = choose(key, *service);
    if (!chosen.ok()) {
      waiting_.insert(key);
      Plan plan;
      plan.record(service, informer::event_warning, "SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: " + chosen.error().message);
      return plan;
    }
    waiting_.erase(key);
    free(key, *chosen);
    return write(service, *chosen);
  }

  Result<std::vector<api::Ip>> choose(const std::string& key, const corev1::Service& service) {
    std::vector<api::Ip> chosen;
    std::string families;
    for (const api::Str& family : service.spec.ipFamilies) {
      families += (families.empty() ? "" : ", ") + family.str();
      if (pool_.has(family.view())) chosen.push_back(PLUMB_TRY(choose(key, service, family.view())));
    }
    if (chosen.empty()) return fail(Code::unsupported, "--load-balancer-ip-range has no addresses of " + families);
    return chosen;
  }

  Result<api::Ip> choose(const std::string& key, const corev1::Service& service, std::string_view family) {
    if (!service.spec.loadBalancerIP.empty()) {
      const auto asked = api::Ip::parse(service.spec.loadBalancerIP.view());
      if (!asked || (asked->family() == family && !pool_.contains(*asked)))
        return fail(Code::invalid_argument, "loadBalancerIP " + service.spec.loadBalancerIP.str() + " is not in --load-balancer-ip-range");
      if (asked->family() == family) {
        if (pool_.take(key, *asked)) return *asked;
        return fail(Code::already_exists, "loadBalancerIP " + asked->text() + " is that of Service " + *pool_.holder(*asked));
      }
    }
    for (const std::vector<api::Ip>& mine : {pool_.held(key), given(service)})
      for (const api::Ip& ip : mine)
        if (ip.family() == family && pool_.take(key, ip)) return ip;
    if (const auto next = pool_.take_next(key, family)) return *next;
    return fail(Code::resource_exhausted, "no " + std::string(family) + " address of --load-balancer-ip-range is free");
  }

  // The one worker's.
  AddressPool pool_;
  std::set<std::string> waiting_;  // for an address to become free
  bool looked_ = false;
  informer::WorkQueue* queue_ = nullptr;  // nullptr: there is no range
  informer::Lister<corev1::Service> services_;
};

const Registered<Controller> registered{"service-lb-controller", [] { return std::make_unique<ServiceLb>(); }};

}  // namespace

}  // namespace plumb::controllers::servicelb
