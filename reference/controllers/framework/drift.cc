#include "reference/controllers/framework/drift.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/batchv1.h"
#include "reference/api/types/policyv1.h"
#include "reference/controllers/framework/drift_checks.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers {
namespace {

using namespace std::chrono_literals;
using informer::object_key;
using informer::resource_of;

constexpr std::size_t most_problems = 20;
constexpr int quiet_rounds = 60;       // of kubelets at work, each with five minutes
constexpr int most_writes = 150;       // of one kind to one object, until all is quiet
constexpr Duration idle = 2h;          // and then nothing is written any more

class Run {
 public:
  Run(std::uint64_t seed, bool traced) : random_(seed), cluster_(seed), steady_(cluster_), only_rolls_(seed % 2 == 0) {
    if (traced) cluster_.trace([this](const std::string& call) { note("    " + call); });
    for (int i = 0; i < 3; ++i) cluster_.add_node("n" + std::to_string(next_node_++));
    if (only_rolls_) begin_steady();
  }

  Drift run(int steps) {
    for (int i = 0; i < steps && result_.problems.empty(); ++i) {
      act();
      settle_a_little();
      if (lags_too_long()) steady_.disturbed({});
      steady_.check(caught_up_, result_.problems);
    }
    if (result_.problems.empty()) become_quiet();
    result_.calls = cluster_.calls();
    if (result_.problems.size() > most_problems) result_.problems.resize(most_problems);
    return std::move(result_);
  }

 private:
  void note(std::string what) { result_.journal.push_back(std::move(what)); }
  std::int32_t number(std::uint64_t bound) { return static_cast<std::int32_t>(random_.below(bound)); }
  bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  template <class T>
  std::shared_ptr<const T> any() {
    const auto list = cluster_.api().all<T>();
    return list.empty() ? nullptr : list[random_.below(list.size())];
  }

  corev1::PodTemplateSpec pod_template(const std::string& app) {
    corev1::PodTemplateSpec made;
    made.metadata.labels.set("app", api::Str(app));
    auto& container = made.spec.containers.emplace_back();
    container.name = "c";
    container.image = "v" + std::to_string(number(3));
    return made;
  }
  template <class T>
  std::shared_ptr<T> workload(const std::string& app) {
    auto made = std::make_shared<T>();
    made->metadata.name = app;
    made->metadata.labels.set("app", api::Str(app));
    made->spec.selector.ensure().matchLabels.set("app", api::Str(app));
    made->spec.template_ = pod_template(app);
    return made;
  }

  std::shared_ptr<api::Object> deployment(const std::string& app) {
    auto made = workload<appsv1::Deployment>(app);
    made->spec.replicas = number(5);
    made->spec.minReadySeconds = chance(3) ? 10 : 0;
    made->spec.revisionHistoryLimit = chance(2) ? 1 : 10;
    if (chance(3)) made->metadata.annotations.set("deployment.plumbline.io/rollback-on-failure", "true");
    if (chance(4)) {
      made->spec.strategy.type = "Recreate";
      return made;
    }
    made->spec.strategy.type = "RollingUpdate";
    auto& rolling = made->spec.strategy.rollingUpdate.ensure();
    rolling.maxSurge = number(3);
    rolling.maxUnavailable = rolling.maxSurge == api::IntOrString(0) ? 1 : number(3);
    return made;
  }
  std::shared_ptr<api::Object> stateful_set(const std::string& app) {
    auto made = workload<appsv1::StatefulSet>(app);
    made->spec.replicas = number(5);
    made->spec.serviceName = "s";
    made->spec.minReadySeconds = chance(3) ? 10 : 0;
    made->spec.podManagementPolicy = chance(2) ? "Parallel" : "OrderedReady";
    made->spec.updateStrategy.type = chance(6) ? "OnDelete" : "RollingUpdate";
    return made;
  }
  std::shared_ptr<api::Object> daemon_set(const std::string& app) {
    auto made = workload<appsv1::DaemonSet>(app);
    made->spec.minReadySeconds = chance(3) ? 10 : 0;
    auto& rolling = made->spec.updateStrategy.rollingUpdate.ensure();
    const bool surges = chance(2);
    rolling.maxSurge = surges ? 1 : 0;
    rolling.maxUnavailable = surges ? 0 : 1 + number(2);
    return made;
  }
  std::shared_ptr<api::Object> replica_set(const std::string& app) {
    auto made = workload<appsv1::ReplicaSet>(app);
    made->spec.replicas = number(5);
    return made;
  }
  std::shared_ptr<api::Object> job(const std::string& app) {
    auto made = workload<batchv1::Job>(app);
    made->spec.manualSelector = true;
    made->spec.template_.spec.restartPolicy = "Never";
    made->spec.completions = 1 + number(4);
    made->spec.parallelism = 1 + number(3);
    made->spec.backoffLimit = 2 + number(4);
    made->spec.completionMode = chance(2) ? "Indexed" : "NonIndexed";
    if (chance(3)) made->spec.podReplacementPolicy = "Failed";
    return made;
  }

  // In every other run nobody disturbs the workloads: templates change, and their bounds hold all the way.
  void begin_steady() {
    for (const char* app : {"d0", "d1", "d2"}) {
      auto made = std::static_pointer_cast<appsv1::Deployment>(deployment(app));
      made->spec.replicas = 2 + number(5);
      (void)cluster_.create(std::move(made));
    }
    (void)cluster_.create(stateful_set("s0"));
    (void)cluster_.create(daemon_set("m0"));
    Random fair(7);
    for (int round = 0; round < quiet_rounds; ++round) {
      cluster_.kubelets(1000, fair);
      must_end(cluster_.pass(20s));
    }
    steady_.check(true, result_.problems);
  }

  void act() {
    if (only_rolls_) return roll();
    switch (random_.below(20)) {
      case 0: case 1: case 2: return create();
      case 3: return scale();
      case 4: case 5: return change_template();
      case 6: return pause();
      case 7: return remove();
      case 8: return relabel_pod();
      case 9: return chance(2) ? lose_node() : add_node();
      case 10: return end_some_pod();
      case 11: return disturb_pod();
      case 12: return evict();
      case 13: return lag();
      case 14: return restart();
      case 15: return refuse();
      case 16: return budget();
      default: return kubelets();
    }
  }

  void roll() {
    switch (random_.below(12)) {
      case 0: return lag();
      case 1: return restart();
      case 2: return refuse();
      case 3: case 4: case 5: return change_template();
      default: return kubelets();
    }
  }

  void create() {
    const std::uint64_t kind = random_.below(5);
    const std::string index = std::to_string(number(2));
    std::shared_ptr<api::Object> made;
    switch (kind) {
      case 0: made = deployment("d" + index); break;
      case 1: made = stateful_set("s" + index); break;
      case 2: made = daemon_set("m" + index); break;
      case 3: made = replica_set("r" + index); break;
      default: made = job("j" + std::to_string(next_job_++)); break;
    }
    const std::string name = made->metadata.name.str();
    steady_.disturbed(name);
    note("create " + std::string(made->type().name) + " " + name + (cluster_.create(made).ok() ? "" : ": it is there"));
  }

  template <class T>
  void set_replicas() {
    if (const auto each = any<T>(); each && !informer::controller_ref(*each)) {
      const std::int32_t replicas = number(5);
      note("scale " + each->metadata.name.str() + " to " + std::to_string(replicas));
      steady_.disturbed(each->metadata.name.str());
      cluster_.change<T>(object_key(*each), [&](T& next) { next.spec.replicas = replicas; });
    }
  }
  void scale() {
    const std::uint64_t kind = random_.below(3);
    kind == 0 ? set_replicas<appsv1::Deployment>() : kind == 1 ? set_replicas<appsv1::StatefulSet>() : set_replicas<appsv1::ReplicaSet>();
  }

  template <class T>
  void set_image() {
    if (const auto each = any<T>()) {
      const std::string image = "v" + std::to_string(number(3));
      note("image of " + each->metadata.name.str() + " is " + image);
      cluster_.change<T>(object_key(*each), [&](T& next) { next.spec.template_.spec.containers[0].image = image; });
    }
  }
  void change_template() {
    const std::uint64_t kind = random_.below(3);
    kind == 0 ? set_image<appsv1::Deployment>() : kind == 1 ? set_image<appsv1::StatefulSet>() : set_image<appsv1::DaemonSet>();
  }

  void pause() {
    if (chance(2)) {
      if (const auto each = any<appsv1::Deployment>()) {
        note(std::string(each->spec.paused ? "resume " : "pause ") + each->metadata.name.str());
        cluster_.change<appsv1::Deployment>(object_key(*each), [](appsv1::Deployment& next) { next.spec.paused = !next.spec.paused; });
      }
    } else if (const auto each = any<batchv1::Job>()) {
      note(std::string(each->spec.suspend.value_or(false) ? "resume " : "suspend ") + each->metadata.name.str());
      cluster_.change<batchv1::Job>(object_key(*each), [](batchv1::Job& next) { next.spec.suspend = !next.spec.suspend.value_or(false); });
    }
  }

  template <class T>
  void remove_any() {
    static constexpr const char* policies[] = {"Background", "Foreground", "Orphan"};
    if (const auto each = any<T>()) {
      metav1::DeleteOptions options;
      options.propagationPolicy = policies[random_.below(3)];
      note("delete " + std::string(each->type().name) + " " + each->metadata.name.str() + " " + options.propagationPolicy->str());
      steady_.disturbed(each->metadata.labels.get("app").str());
      (void)cluster_.api().call(informer::remove_request(resource_of<T>(), each->metadata.namespace_, each->metadata.name, options));
    }
  }
  void remove() {
    switch (random_.below(6)) {
      case 0: return remove_any<appsv1::Deployment>();
      case 1: return remove_any<appsv1::StatefulSet>();
      case 2: return remove_any<appsv1::DaemonSet>();
      case 3: return remove_any<appsv1::ReplicaSet>();
      case 4: return remove_any<batchv1::Job>();
      default: return remove_any<corev1::Pod>();
    }
  }

  void relabel_pod() {
    const auto pod = any<corev1::Pod>();
    if (!pod) return;
    const std::string app = pod->metadata.labels.get("app").str();
    const bool taken_out = app.starts_with("x-");
    note("label of " + pod->metadata.name.str() + (taken_out ? " is back" : " goes"));
    steady_.disturbed(taken_out ? app.substr(2) : app);
    cluster_.change<corev1::Pod>(object_key(*pod), [&](corev1::Pod& next) { next.metadata.labels.set("app", api::Str(taken_out ? app.substr(2) : "x-" + app)); });
  }

  void add_node() {
    const std::string name = "n" + std::to_string(next_node_++);
    note("node " + name + " comes");
    steady_.disturbed({});
    cluster_.add_node(name);
  }
  void lose_node() {
    const auto nodes = cluster_.nodes();
    if (nodes.size() <= 1) return;
    const std::string name = nodes[random_.below(nodes.size())];
    note("node " + name + " is lost");
    steady_.disturbed({});
    cluster_.lose_node(name);
  }

  void end_some_pod() {
    const auto pod = any<corev1::Pod>();
    if (!pod || !is_active(*pod) || pod->status.phase != corev1::PodRunning) return;
    const char* phase = chance(2) ? "Failed" : "Succeeded";
    note("pod " + pod->metadata.name.str() + " ends: " + phase);
    steady_.disturbed(pod->metadata.labels.get("app").str());
    cluster_.end_pod(*pod, phase);
  }
  void disturb_pod() {
    const auto pod = any<corev1::Pod>();
    if (!pod || !is_active(*pod) || !is_ready(*pod)) return;
    note("pod " + pod->metadata.name.str() + " is ready no more");
    steady_.disturbed(pod->metadata.labels.get("app").str());
    cluster_.set_ready(*pod, false);
  }

  void budget() {
    const std::string app = (chance(2) ? "d" : "s") + std::to_string(number(2));
    auto made = std::make_shared<policyv1::PodDisruptionBudget>();
    made->metadata.name = "b-" + app;
    made->spec.selector.ensure().matchLabels.set("app", api::Str(app));
    if (chance(2)) made->spec.minAvailable = 1 + number(2);
    else made->spec.maxUnavailable = 1;
    note("budget of " + app);
    (void)cluster_.create(made);
  }

  std::int32_t healthy(const std::string& app) {
    std::int32_t found = 0;
    for (const auto& pod : cluster_.api().all<corev1::Pod>()) found += pod->metadata.labels.get("app") == app && is_active(*pod) && is_ready(*pod);
    return found;
  }
  void evict() {
    const auto pod = any<corev1::Pod>();
    if (!pod || !is_active(*pod) || !is_ready(*pod)) return;
    const std::string app = pod->metadata.labels.get("app").str();
    const auto kept = cluster_.api().find<policyv1::PodDisruptionBudget>("default/b-" + app);
    const bool gone = cluster_.evict(*pod);
    note("evict " + pod->metadata.name.str() + (gone ? "" : ": the budget forbids it"));
    if (!gone) return;
    steady_.disturbed(app);
    if (kept && caught_up_ && healthy(app) < kept->status.desiredHealthy)
      result_.problems.push_back("eviction of " + pod->metadata.name.str() + " left " + std::to_string(healthy(app)) + " healthy pods, the budget demands " + std::to_string(kept->status.desiredHealthy));
  }

  void lag() {
    held_ = !held_;
    fresh_at_ = cluster_.clock().now();
    note(held_ ? "caches lag" : "caches catch up");
    held_ ? cluster_.api().hold_events() : cluster_.api().release_events();
    if (held_ || !chance(2)) return;
    note("watches break");
    if (chance(2)) cluster_.api().compact();
    cluster_.api().break_watches(fail(Code::unavailable, "the connection broke", "ServiceUnavailable"));
  }
  void restart() {
    note("restart");
    fresh_at_ = cluster_.clock().now();
    cluster_.restart();
  }
  void refuse() {
    const int calls = 1 + number(4);
    note("the next " + std::to_string(calls) + " calls fail");
    cluster_.refuse_next(calls);
  }
  void kubelets() {
    const std::size_t count = 1 + random_.below(6);
    note("kubelets work on " + std::to_string(count));
    cluster_.kubelets(count, random_);
  }

  // What a controller has asked for and not seen after that time counts as lost, and is asked for again: no bound holds then.
  bool lags_too_long() { return held_ && cluster_.clock().now() - fresh_at_ >= informer::Expectations::timeout; }

  void settle_a_little() {
    caught_up_ = false;
    switch (random_.below(4)) {
      case 0: return;
      case 1: return cluster_.work_on_some(1 + random_.below(8));
      case 2: pass(1s * (1 + number(90))); break;
      default: must_end(cluster_.work());
    }
    caught_up_ = !held_;
  }
  void pass(std::chrono::seconds time) {
    note("time passes: " + std::to_string(time.count()) + " s");
    must_end(cluster_.pass(time));
  }
  void must_end(bool ended) {
    if (ended) return;
    result_.problems.push_back("the controllers do not come to an end; they asked last for\n  " + join(cluster_.last_calls(), "\n  "));
    check_writes();
  }

  void become_quiet() {
    note("quiet");
    if (held_) cluster_.api().release_events();
    cluster_.refuse_next(0);
    clear_the_way();
    cluster_.reset_writes();
    Random fair(7);
    for (int round = 0; round < quiet_rounds && result_.problems.empty(); ++round) {
      cluster_.kubelets(1000, fair);
      end_jobs();
      must_end(cluster_.pass(5min));
    }
    check_writes();
    for (std::string& each : differences_from_declared(cluster_)) result_.problems.push_back(std::move(each));
    if (!result_.problems.empty()) return;
    cluster_.reset_writes();
    must_end(cluster_.pass(idle));
    for (const auto& [what, times] : cluster_.writes()) result_.problems.push_back("written though nothing happens: " + what + " x" + std::to_string(times));
  }
  // A pod that was taken out of a StatefulSet has the name that the set needs.
  void clear_the_way() {
    for (const auto& pod : cluster_.api().all<corev1::Pod>())
      if (pod->metadata.labels.get("app").view().starts_with("x-")) (void)cluster_.api().call(informer::remove_request(resource_of<corev1::Pod>(), "default", pod->metadata.name));
  }
  // Whoever works for a Job comes to an end.
  void end_jobs() {
    for (const auto& pod : cluster_.api().all<corev1::Pod>())
      if (pod->metadata.labels.get("app").view().starts_with("j") && is_active(*pod) && pod->status.phase == corev1::PodRunning) cluster_.end_pod(*pod, "Succeeded");
  }
  void check_writes() {
    for (const auto& [what, times] : cluster_.writes())
      if (times > most_writes) result_.problems.push_back("written again and again: " + what + " x" + std::to_string(times));
  }

  Random random_;
  DriftCluster cluster_;
  SteadyWorkloads steady_;
  Drift result_;
  const bool only_rolls_;
  int next_node_ = 0, next_job_ = 0;
  bool held_ = false;       // caches lag behind since
  Instant fresh_at_{};
  bool caught_up_ = false;  // the controllers have seen everything
};

}  // namespace

Drift run_drift(std::uint64_t seed, int steps, bool traced) { return Run(seed, traced).run(steps); }

}  // namespace plumb::controllers
