#include "reference/controllers/framework/drift_cluster.h"

#include <algorithm>

#include "reference/api/text/label_selector.h"
#include "reference/api/types/policyv1.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pods.h"
#include "reference/resources/shared/conditions.h"

namespace plumb::controllers {
namespace {

using informer::object_key;
using informer::resource_of;

constexpr const char* at_work[] = {"deployment-controller", "replicaset-controller", "replicationcontroller-controller", "statefulset-controller", "daemonset-controller",
                                   "job-controller", "disruption-controller", "garbage-collector-controller", "pod-garbage-collector-controller"};
constexpr std::size_t calls_kept = 30;
constexpr int timers_limit = 5'000;  // in one stretch of time
constexpr std::uint64_t keys_limit = 20'000;

}  // namespace

DriftCluster::DriftCluster(std::uint64_t seed) : order_(seed), client_(clock_, seed) {
  client_.intercept([this](const Request& request) { return before_call(request); });
  auto home = std::make_shared<corev1::Namespace>();
  home->metadata.name = "default";
  client_.add(home);
  start();
}

void DriftCluster::start() {
  informers_.emplace(client_, clock_);
  for (const char* name : at_work)
    drivers_.push_back(std::make_unique<Driver>(name, plumb::Registry<Controller>::make(name), client_, *informers_, clock_, options_));
  informers_->start();
}

void DriftCluster::restart() {
  informers_->stop();
  drivers_.clear();
  start();
}

std::optional<Error> DriftCluster::before_call(const Request& request) {
  if (!at_work_ || request.resource->names().plural == "events") return std::nullopt;
  ++calls_;
  last_calls_.push_back(informer::describe(request));
  if (last_calls_.size() > calls_kept) last_calls_.pop_front();
  if (trace_) trace_((refusals_ > 0 && request.verb != informer::Verb::get ? "refused: " : "") + last_calls_.back());
  if (request.verb != informer::Verb::get) ++writes_[informer::describe(request)];
  if (refusals_ <= 0 || request.verb == informer::Verb::get) return std::nullopt;
  --refusals_;
  Error error = fail(Code::internal, "refused", "InternalError");
  error.http_status = 500;
  return error;
}

bool DriftCluster::work() {
  std::uint64_t keys = 0;
  while (keys < keys_limit && work_on_one()) ++keys;
  return keys < keys_limit;
}

void DriftCluster::work_on_some(std::uint64_t keys) {
  while (keys > 0 && work_on_one()) --keys;
}

// False: nobody has anything to do.
bool DriftCluster::work_on_one() {
  at_work_ = true;
  bool worked = drivers_[order_.below(drivers_.size())]->run_pending(1) > 0;
  for (auto driver = drivers_.begin(); !worked && driver != drivers_.end(); ++driver) worked = (*driver)->run_pending(1) > 0;
  at_work_ = false;
  return worked;
}

bool DriftCluster::pass(Duration by) {
  const Instant until = clock_.now() + by;
  for (int timers = 0; clock_.now() < until; ++timers) {
    if (timers == timers_limit) return false;
    at_work_ = true;  // what falls due may call
    if (!clock_.advance_to_next(until - clock_.now())) clock_.advance(until - clock_.now());
    at_work_ = false;
    if (!work()) return false;
  }
  return true;
}

Result<ObjectPtr> DriftCluster::create(std::shared_ptr<api::Object> object) {
  const informer::Resource& resource = resource_of(object->type());
  if (resource.names().namespaced) object->metadata.namespace_ = "default";
  resource.set_defaults(*object);
  return client_.call(informer::create_request(object));
}

std::vector<std::string> DriftCluster::nodes() const {
  std::vector<std::string> names;
  for (const auto& node : client_.all<corev1::Node>()) names.push_back(node->metadata.name.str());
  return names;
}

void DriftCluster::add_node(const std::string& name) {
  auto node = std::make_shared<corev1::Node>();
  node->metadata.name = name;
  auto& ready = node->status.conditions.emplace_back();
  ready.type = corev1::NodeReady;
  ready.status = "True";
  client_.add(node);
}

void DriftCluster::lose_node(const std::string& name) { client_.erase(resource_of<corev1::Node>(), name); }

void DriftCluster::set_ready(const corev1::Pod& pod, bool ready) {
  auto next = std::make_shared<corev1::Pod>(pod);
  corev1::PodCondition condition;
  condition.type = corev1::PodReady;
  condition.status = ready ? "True" : "False";
  resources::set_condition(next->status.conditions, std::move(condition), clock_.wall());
  client_.add(next);
}

void DriftCluster::end_pod(const corev1::Pod& pod, std::string_view phase) {
  auto next = std::make_shared<corev1::Pod>(pod);
  next->status.phase = phase;
  const std::string_view name = pod.metadata.name.view();
  if (phase == corev1::PodSucceeded) ++succeeded_[std::string(name.substr(0, name.find('-')))];
  for (auto& condition : next->status.conditions)
    if (condition.type == corev1::PodReady) condition.status = "False";
  for (const corev1::Container& container : next->spec.containers) {
    corev1::ContainerStatus& status = next->status.containerStatuses.emplace_back();
    status.name = container.name;
    auto& terminated = status.state.terminated.ensure();
    terminated.exitCode = phase == corev1::PodFailed ? 1 : 0;
    terminated.finishedAt = api::Time::from(clock_.wall());
  }
  client_.add(next);
}

void DriftCluster::kubelets(std::size_t count, Random& random) {
  for (const auto& pod : client_.all<corev1::Pod>()) {
    if (count == 0) return;
    const bool done = !pod->metadata.deletionTimestamp && (is_terminal(*pod) || is_ready(*pod));
    if (done || random.below(3) == 0) continue;
    --count;
    advance_pod(*pod, random);
  }
}

void DriftCluster::advance_pod(const corev1::Pod& pod, Random& random) {
  const auto here = nodes();
  const std::string_view wanted = target_node(pod);
  const bool exists = std::find(here.begin(), here.end(), wanted) != here.end();
  if (pod.metadata.deletionTimestamp) {
    if (!pod.spec.nodeName.empty() && !exists) return;  // nobody is there to end it
    if (pod.metadata.finalizers.empty()) return client_.erase(resource_of<corev1::Pod>(), object_key(pod));
    if (is_terminal(pod) && pod.metadata.deletionGracePeriodSeconds.value_or(0) == 0) return;
    auto next = std::make_shared<corev1::Pod>(pod);
    if (!is_terminal(*next)) next->status.phase = corev1::PodFailed;
    next->metadata.deletionGracePeriodSeconds = 0;
    client_.add(next);
    return;
  }
  if (here.empty() || (!wanted.empty() && !exists)) return;
  auto next = std::make_shared<corev1::Pod>(pod);
  if (next->spec.nodeName.empty()) next->spec.nodeName = wanted.empty() ? std::string_view(here[random.below(here.size())]) : wanted;
  next->status.phase = corev1::PodRunning;
  corev1::PodCondition ready;
  ready.type = corev1::PodReady;
  ready.status = "True";
  resources::set_condition(next->status.conditions, std::move(ready), clock_.wall());
  client_.add(next);
}

bool DriftCluster::evict(const corev1::Pod& pod) {
  using policyv1::PodDisruptionBudget;
  for (const auto& budget : client_.all<PodDisruptionBudget>()) {
    const auto selector = selector_of(budget->spec.selector.get());
    if (!selector.ok() || !matches(*selector, pod.metadata.labels)) continue;
    const auto& status = budget->status;
    if (status.observedGeneration < budget->metadata.generation || status.disruptionsAllowed <= 0) return false;
    change<PodDisruptionBudget>(object_key(*budget), [&](PodDisruptionBudget& next) {
      --next.status.disruptionsAllowed;
      next.status.disruptedPods.set(pod.metadata.name, api::Time::from(clock_.wall()));
    }, "status");
  }
  return client_.call(informer::remove_request(resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name)).ok();
}

}  // namespace plumb::controllers
