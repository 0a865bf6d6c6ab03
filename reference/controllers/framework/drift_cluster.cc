#include "reference/controllers/framework/drift_cluster.h"

#include <algorithm>

#include "reference/api/text/label_selector.h"
#include "reference/api/text/time.h"
#include "reference/api/types/policyv1.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pods.h"
#include "reference/resources/shared/conditions.h"

namespace plumb::controllers {
namespace {

using informer::object_key;
using informer::resource_of;

constexpr std::size_t calls_kept = 30;
constexpr int timers_limit = 20'000;  // in one stretch of time
constexpr std::uint64_t keys_limit = 20'000;
constexpr Duration sampling = std::chrono::seconds(15);

}  // namespace

DriftCluster::DriftCluster(std::uint64_t seed) : order_(seed), client_(clock_, seed) {
  client_.intercept([this](const Request& request) { return before_call(request); });
  auto home = std::make_shared<corev1::Namespace>();
  home->metadata.name = "default";
  client_.add(home);
  manager_ = std::make_unique<DriftManager>(client_, clock_);
}

void DriftCluster::restart() {
  manager_.reset();
  manager_ = std::make_unique<DriftManager>(client_, clock_);
}

void DriftCluster::fail_over(std::uint64_t keys) {
  auto next = std::make_unique<DriftManager>(client_, clock_);
  manager_->delay_next_write();
  for (; keys > 0; --keys) {
    at_work_ = order_.below(2) == 0 ? next.get() : manager_.get();
    at_work_->work_on_one(order_);
    at_work_ = nullptr;
  }
  if (auto late = manager_->late_write()) late_.push_back(std::move(*late));
  manager_ = std::move(next);
}

bool DriftCluster::arrive_late() {
  const std::vector<Request> late = std::exchange(late_, {});
  for (const Request& request : late) {
    if (trace_) trace_("late: " + informer::describe(request));
    (void)client_.call(request);
  }
  return !late.empty();
}

void DriftCluster::meddle(int calls, std::function<void()> act) {
  meddle_after_ = calls;
  meddle_ = std::move(act);
}

std::optional<Error> DriftCluster::without_namespace(const Request& request) const {
  if (request.verb != informer::Verb::create || !request.subresource.empty() || request.namespace_.empty()) return std::nullopt;
  if (client_.find<corev1::Namespace>(request.namespace_)) return std::nullopt;
  Error error = fail(Code::not_found, "namespaces \"" + request.namespace_ + "\" not found", "NotFound");
  error.http_status = 404;
  return error;
}

std::optional<Error> DriftCluster::before_call(const Request& request) {
  if (auto error = without_namespace(request)) return error;
  if (!at_work_ || request.resource->names().plural == "events") return std::nullopt;
  if (meddle_ && --meddle_after_ <= 0) {
    DriftManager* const working = std::exchange(at_work_, nullptr);
    std::exchange(meddle_, nullptr)();
    at_work_ = working;
  }
  ++calls_;
  const bool reads = request.verb == informer::Verb::get, refused = refusals_ > 0 && !reads;
  last_calls_.push_back(informer::describe(request));
  if (last_calls_.size() > calls_kept) last_calls_.pop_front();
  if (trace_) trace_((refused ? "refused: " : "") + last_calls_.back());
  if (reads) return std::nullopt;
  ++writes_[informer::describe(request)];
  if (!refused) {
    if (watch_writes_) watch_writes_(at_work_->at_work(), request);
    return std::nullopt;
  }
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
  at_work_ = manager_.get();
  const bool worked = manager_->work_on_one(order_);
  at_work_ = nullptr;
  return worked;
}

bool DriftCluster::pass(Duration by) {
  const Instant until = clock_.now() + by;
  for (int timers = 0; clock_.now() < until; ++timers) {
    if (timers == timers_limit) return false;
    const Duration step = std::min<Duration>(until - clock_.now(), sample_if_due());
    at_work_ = manager_.get();  // what falls due may call
    if (!clock_.advance_to_next(step)) clock_.advance(step);
    at_work_ = nullptr;
    if (!work()) return false;
  }
  return true;
}

Result<ObjectPtr> DriftCluster::create(std::shared_ptr<api::Object> object, std::string_view namespace_) {
  const informer::Resource& resource = resource_of(object->type());
  if (resource.names().namespaced) object->metadata.namespace_ = namespace_;
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

int DriftCluster::succeeded(std::string_view owner) const {
  const std::string prefix = std::string(owner) + "-";
  return static_cast<int>(std::count_if(succeeded_.begin(), succeeded_.end(), [&](const std::string& pod) { return pod.starts_with(prefix); }));
}

void DriftCluster::end_pod(const corev1::Pod& pod, std::string_view phase, std::int32_t exit_code) {
  auto next = std::make_shared<corev1::Pod>(pod);
  next->status.phase = phase;
  if (phase == corev1::PodSucceeded) succeeded_.push_back(pod.metadata.name.str());
  for (auto& condition : next->status.conditions)
    if (condition.type == corev1::PodReady) condition.status = "False";
  for (const corev1::Container& container : next->spec.containers) {
    corev1::ContainerStatus& status = next->status.containerStatuses.emplace_back();
    status.name = container.name;
    auto& terminated = status.state.terminated.ensure();
    terminated.exitCode = phase == corev1::PodFailed ? exit_code : 0;
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
  next->status.startTime = api::Time::from(clock_.wall());
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
    if (budget->metadata.namespace_ != pod.metadata.namespace_ || !selector.ok() || !matches(*selector, pod.metadata.labels)) continue;
    const auto& status = budget->status;
    if (status.observedGeneration < budget->metadata.generation || status.disruptionsAllowed <= 0) return false;
    change<PodDisruptionBudget>(object_key(*budget), [&](PodDisruptionBudget& next) {
      --next.status.disruptionsAllowed;
      next.status.disruptedPods.set(pod.metadata.name, api::Time::from(clock_.wall()));
    }, "status");
  }
  change<corev1::Pod>(object_key(pod), [&](corev1::Pod& next) {
    corev1::PodCondition target;
    target.type = corev1::DisruptionTarget;
    target.status = "True";
    target.reason = "EvictionByEvictionAPI";
    resources::set_condition(next.status.conditions, std::move(target), clock_.wall());
  }, "status");
  return client_.call(informer::remove_request(resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name)).ok();
}

Duration DriftCluster::sample_if_due() {
  if (loads_.empty()) return Duration::max();
  if (clock_.now() - sampled_at_ >= sampling) sample();
  return sampled_at_ + sampling - clock_.now();
}

void DriftCluster::sample() {
  sampled_at_ = clock_.now();
  std::map<std::string, std::string> items;
  for (const auto& home : client_.all<corev1::Namespace>()) items[home->metadata.name.str()];
  std::map<std::string, std::int64_t> sharers;
  const auto serves = [](const corev1::Pod& pod) { return pod.status.phase == corev1::PodRunning && is_ready(pod); };
  const auto pods = client_.all<corev1::Pod>();
  for (const auto& pod : pods) sharers[pod->metadata.labels.get("app").str()] += serves(*pod);
  const std::string at = api::format_time(clock_.wall());
  for (const auto& pod : pods) {
    if (!serves(*pod)) continue;
    const std::string app = pod->metadata.labels.get("app").str();
    std::string& list = items[pod->metadata.namespace_.str()];
    list += (list.empty() ? "" : ",") + std::string(R"({"metadata":{"name":")") + pod->metadata.name.str() + R"("},"timestamp":")" + at +
            R"(","window":"15s","containers":[{"name":"c","usage":{"cpu":")" + std::to_string(load(app) / sharers[app]) + R"(m"}}]})";
  }
  for (const auto& [namespace_, list] : items)
    client_.serve_raw("/apis/metrics.k8s.io/v1beta1/namespaces/" + namespace_ + "/pods", R"({"kind":"PodMetricsList","items":[)" + list + "]}");
}

}  // namespace plumb::controllers
