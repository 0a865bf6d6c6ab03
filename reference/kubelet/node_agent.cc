#include "reference/kubelet/node_agent.h"

#include <sys/utsname.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/api/types/coordinationv1.h"
#include "reference/api/walk.h"

namespace plumb::kubelet {
namespace {

using informer::ObjectPtr;

constexpr char kLeaseNamespace[] = "kube-node-lease";
constexpr Duration kRetryFirst = std::chrono::milliseconds(200), kRetryMax = std::chrono::seconds(7);

corev1::NodeCondition condition(std::string_view type, bool value, std::string_view reason, std::string_view message) {
  corev1::NodeCondition made;
  made.type = type;
  made.status = value ? "True" : "False";
  made.reason = reason;
  made.message = message;
  return made;
}

// Answers the conditions that are not as before.
std::vector<corev1::NodeCondition> put_times(corev1::NodeStatus& status, const corev1::NodeStatus& before, api::Time now) {
  std::vector<corev1::NodeCondition> changed;
  for (auto& item : status.conditions) {
    const auto known = std::find_if(before.conditions.begin(), before.conditions.end(), [&](const auto& c) { return c.type == item.type; });
    const bool same = known != before.conditions.end() && known->status == item.status;
    item.lastHeartbeatTime = now;
    item.lastTransitionTime = same ? known->lastTransitionTime : now;
    if (!same) changed.push_back(item);
  }
  for (const auto& other : before.conditions)
    if (std::none_of(status.conditions.begin(), status.conditions.end(), [&](const auto& own) { return own.type == other.type; })) status.conditions.push_back(other);
  return changed;
}

std::int64_t version_of(const corev1::Node& node) { return parse_int(node.metadata.resourceVersion.view()).value_or(0); }

}  // namespace

class NodeAgent::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(informer::Client& client, Clock& clock, NodeDescription description, NodeAgentOptions options)
      : client_(client), clock_(clock), description_(std::move(description)), options_(options) {}

  void start() {
    const auto begin = [](Core& self) { self.create_node(); };
    if (options_.initial_delay > Duration::zero()) later(options_.initial_delay, begin);
    else begin(*this);
  }
  void stop() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  bool registered() const {
    std::lock_guard lock(mutex_);
    return node_ != nullptr;
  }
  void look() {
    std::unique_lock lock(mutex_);
    if (stopped_ || !node_ || reporting_) return;
    corev1::NodeStatus next = node_->status;
    const corev1::NodeStatus now = description_.status();
    next.capacity = now.capacity;
    next.allocatable = now.allocatable;
    for (const auto& entry : node_->status.capacity) {
      if (!is_extended_resource(entry.key) || now.capacity.find(entry.key)) continue;
      next.capacity.set(entry.key, entry.value);
      next.allocatable.set(entry.key, entry.value);
    }
    next.conditions = now.conditions;
    next.addresses = now.addresses;
    next.daemonEndpoints = now.daemonEndpoints;
    next.nodeInfo = now.nodeInfo;
    next.images = now.images;
    const auto changed = put_times(next, node_->status, api::Time::from(clock_.wall()));
    const bool due = clock_.now() - reported_ >= options_.report_interval;
    if (!due && unchanged(next, node_->status)) return;
    reporting_ = true;
    auto node = std::make_shared<corev1::Node>(*node_);
    node->status = std::move(next);
    lock.unlock();
    tell(changed);
    client_.send(informer::update_status_request(std::move(node)), done(&Core::status_reported));
  }
  void saw(std::shared_ptr<const corev1::Node> node) {
    {
      std::lock_guard lock(mutex_);
      if (!node_ || version_of(*node) <= version_of(*node_)) return;
      node_ = std::move(node);
    }
    look();
  }

 private:
  using Handler = void (Core::*)(Result<ObjectPtr>);
  informer::Done done(Handler handler) {
    return [weak = weak_from_this(), handler](Result<ObjectPtr> result) {
      if (const auto self = weak.lock(); self && !self->is_stopped()) ((*self).*handler)(std::move(result));
    };
  }
  bool is_stopped() const {
    std::lock_guard lock(mutex_);
    return stopped_;
  }
  void later(Duration delay, std::function<void(Core&)> work) {
    clock_.after(delay, [weak = weak_from_this(), work = std::move(work)] {
      if (const auto self = weak.lock(); self && !self->is_stopped()) work(*self);
    });
  }
  Duration next_retry() {
    std::lock_guard lock(mutex_);
    return retry_ = std::clamp(retry_ * 2, kRetryFirst, kRetryMax);
  }
  void tell(const std::vector<corev1::NodeCondition>& changed) const {
    if (!description_.transition) return;
    for (const auto& item : changed) description_.transition(item);
  }
  static bool unchanged(const corev1::NodeStatus& a, const corev1::NodeStatus& b) {
    corev1::NodeStatus x = a, y = b;
    for (auto* status : {&x, &y})
      for (auto& item : status->conditions) item.lastHeartbeatTime = {};
    return api::semantically_equal(corev1::NodeStatus::info(), &x, &y);
  }

  void create_node() {
    auto node = std::make_shared<corev1::Node>();
    node->metadata.name = description_.name;
    node->metadata.labels = description_.labels;
    node->metadata.annotations = description_.annotations;
    node->metadata.annotations.set("volumes.kubernetes.io/controller-managed-attach-detach", "true");
    node->spec.taints = description_.taints;
    node->spec.providerID = description_.provider_id;
    node->status = description_.status();
    tell(put_times(node->status, {}, api::Time::from(clock_.wall())));
    client_.send(informer::create_request(node), done(&Core::node_created));
  }
  void node_created(Result<ObjectPtr> result) {
    if (result.ok()) return adopt_node(std::move(*result));
    if (informer::is_already_exists(result.error())) return fetch_node();
    log::warning("kubelet", "registering node " + description_.name + ": " + result.error().message);
    later(next_retry(), [](Core& self) { self.create_node(); });
  }
  void fetch_node() { client_.send(informer::get_request(informer::resource_of<corev1::Node>(), "", description_.name), done(&Core::node_fetched)); }
  void node_fetched(Result<ObjectPtr> result) {
    if (!result.ok() && informer::is_not_found(result.error())) return create_node();
    if (!result.ok()) return later(next_retry(), [](Core& self) { self.fetch_node(); });
    const auto node = api::as<corev1::Node>(*result);
    if (!node) return;
    auto wanted = std::make_shared<corev1::Node>(*node);
    for (const auto& label : description_.labels) wanted->metadata.labels.set(label.key, label.value);
    for (const auto& annotation : description_.annotations) wanted->metadata.annotations.set(annotation.key, annotation.value);
    if (wanted->metadata.labels == node->metadata.labels && wanted->metadata.annotations == node->metadata.annotations) return adopt_node(std::move(*result));
    client_.send(informer::update_request(wanted), done(&Core::labels_updated));
  }
  void labels_updated(Result<ObjectPtr> result) {
    if (result.ok()) return adopt_node(std::move(*result));
    later(next_retry(), [](Core& self) { self.fetch_node(); });
  }
  void adopt_node(ObjectPtr object) {
    bool first = false;
    {
      std::lock_guard lock(mutex_);
      first = !node_;
      node_ = api::as<corev1::Node>(object);
      retry_ = {};
    }
    look();
    if (!first) return;
    renew_lease();
    later(options_.status_interval, [](Core& self) { self.look_again(); });
  }
  void look_again() {
    look();
    later(options_.status_interval, [](Core& self) { self.look_again(); });
  }
  void status_reported(Result<ObjectPtr> result) {
    {
      std::lock_guard lock(mutex_);
      reporting_ = false;
      if (result.ok()) {
        if (auto node = api::as<corev1::Node>(*result)) node_ = std::move(node);
        reported_ = clock_.now();
        retry_ = {};
        return;
      }
    }
    if (informer::is_conflict(result.error())) return fetch_node();
    if (informer::is_not_found(result.error())) return create_node();
    log::warning("kubelet", "reporting the status of node " + description_.name + ": " + result.error().message);
    later(next_retry(), [](Core& self) { self.look(); });
  }

  void renew_lease() {
    std::shared_ptr<coordinationv1::Lease> lease;
    bool fresh = false;
    {
      std::lock_guard lock(mutex_);
      fresh = !lease_;
      lease = fresh ? std::make_shared<coordinationv1::Lease>() : std::make_shared<coordinationv1::Lease>(*lease_);
      if (fresh) describe_lease(*lease);
    }
    lease->spec.renewTime = api::MicroTime::from(clock_.wall());
    client_.send(fresh ? informer::create_request(lease) : informer::update_request(lease), done(&Core::lease_renewed));
  }
  Duration next_renewal() {
    std::lock_guard lock(mutex_);
    const bool first = !std::exchange(renewed_, true);
    return first && options_.first_renewal > Duration::zero() ? options_.first_renewal : options_.lease_interval;
  }
  void describe_lease(coordinationv1::Lease& lease) const {
    lease.metadata.name = description_.name;
    lease.metadata.namespace_ = kLeaseNamespace;
    auto& owner = lease.metadata.ownerReferences.emplace_back();
    owner.apiVersion = "v1";
    owner.kind = "Node";
    owner.name = description_.name;
    owner.uid = node_->metadata.uid;
    lease.spec.holderIdentity = std::string_view(description_.name);
    lease.spec.leaseDurationSeconds = static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::seconds>(options_.lease_duration).count());
  }
  void lease_renewed(Result<ObjectPtr> result) {
    if (result.ok()) {
      std::lock_guard lock(mutex_);
      lease_ = api::as<coordinationv1::Lease>(*result);
    } else if (informer::is_already_exists(result.error()) || informer::is_conflict(result.error())) {
      auto request = informer::get_request(informer::resource_of<coordinationv1::Lease>(), kLeaseNamespace, description_.name);
      return client_.send(std::move(request), done(&Core::lease_fetched));
    } else if (informer::is_not_found(result.error())) {
      std::lock_guard lock(mutex_);
      lease_ = nullptr;
    }
    later(result.ok() ? next_renewal() : next_retry(), [](Core& self) { self.renew_lease(); });
  }
  void lease_fetched(Result<ObjectPtr> result) {
    {
      std::lock_guard lock(mutex_);
      lease_ = result.ok() ? api::as<coordinationv1::Lease>(*result) : nullptr;
    }
    if (result.ok()) return renew_lease();
    later(next_retry(), [](Core& self) { self.renew_lease(); });
  }

  informer::Client& client_;
  Clock& clock_;
  const NodeDescription description_;
  const NodeAgentOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const corev1::Node> node_;            // as the API last showed it; this and the rest under mutex_
  std::shared_ptr<const coordinationv1::Lease> lease_;
  Instant reported_{};
  Duration retry_{};
  bool reporting_ = false, stopped_ = false, renewed_ = false;
};

NodeAgent::NodeAgent(informer::Client& client, Clock& clock, NodeDescription description, NodeAgentOptions options)
    : core_(std::make_shared<Core>(client, clock, std::move(description), options)) {}
NodeAgent::~NodeAgent() { core_->stop(); }
void NodeAgent::start() { core_->start(); }
bool NodeAgent::registered() const { return core_->registered(); }
void NodeAgent::poke() { core_->look(); }
void NodeAgent::saw(std::shared_ptr<const corev1::Node> node) { core_->saw(std::move(node)); }

bool is_extended_resource(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == name.npos) return false;
  const auto domain = name.substr(0, slash);
  return domain != "kubernetes.io" && !domain.ends_with(".kubernetes.io");
}

api::Map<api::Str> standard_node_labels(std::string_view node_name) {
  utsname name{};
  uname(&name);
  const std::string machine = name.machine;
  const std::string arch = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
  return {{"beta.kubernetes.io/arch", arch}, {"beta.kubernetes.io/os", "linux"}, {"kubernetes.io/arch", arch},
          {"kubernetes.io/hostname", node_name}, {"kubernetes.io/os", "linux"}};
}

api::List<corev1::NodeCondition> node_conditions(const std::string& not_ready_message) {
  return {condition("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
          condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
          condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
          not_ready_message.empty() ? condition("Ready", true, "KubeletReady", "kubelet is posting ready status")
                                    : condition("Ready", false, "KubeletNotReady", not_ready_message)};
}

}  // namespace plumb::kubelet
