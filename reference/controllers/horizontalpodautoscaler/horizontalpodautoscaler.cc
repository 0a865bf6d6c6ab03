// The controller "horizontal-pod-autoscaler-controller": sets the scale of workloads by what their metrics say.
// Keys: "metrics/<namespace>" reads what the pods of a namespace use, once for all of its autoscalers, and puts those on the queue;
// "hpa/<namespace>/<name>" decides for one. Every autoscaler is looked at each sync period, and at once when it is new or has changed.
// With --horizontal-pod-autoscaler-event-driven, beyond upstream, usage is read every poll interval, and an autoscaler is also looked
// at when a sample of one of its pods has changed; "others/<namespace>/<name>" reads its custom and external metrics as often, and puts it on
// the queue when one has changed. Decisions are the same; they are made as soon as there is something new to decide on.
#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/own_writes.h"
#include "reference/controllers/horizontalpodautoscaler/evaluation.h"

namespace plumb::controllers::hpa {
namespace {

using informer::object_key;

// So many reads a second are made between the rounds at most: with more namespaces and metrics each is read less often.
constexpr std::size_t most_reads_per_second = 200;
// A metric whose reading takes long is left alone this many times as long, so that slow ones do not keep all workers.
constexpr int rest_after_reading = 4;
// How long to wait for a cache that does not show the last write yet.
constexpr Duration cache_lag = std::chrono::milliseconds(100);

bool reads_usage(const AutoscalerPtr& autoscaler) {
  return std::any_of(autoscaler->spec.metrics.begin(), autoscaler->spec.metrics.end(), needs_usage);
}

bool has_others(const AutoscalerPtr& autoscaler) {
  return std::any_of(autoscaler->spec.metrics.begin(), autoscaler->spec.metrics.end(), [](const auto& spec) { return is_custom(spec) || is_external(spec); });
}

class HorizontalPodAutoscalers final : public Controller {
 public:
  std::string component() const override { return "horizontal-pod-autoscaler"; }
  std::string queue_name() const override { return "horizontalpodautoscaler"; }
  int workers() const override { return workers_; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "autoscaling", "horizontalpodautoscalers"},
            {"update", "autoscaling", "horizontalpodautoscalers/status"},
            {"get,update", "*", "*/scale"},
            {"list", "core", "pods"},
            {"list", "metrics.k8s.io", "pods"},
            {"get,list", "custom.metrics.k8s.io", "*"},
            {"get,list", "external.metrics.k8s.io", "*"},
            apiserver::records_events};
  }
  std::vector<OptionSpec> options() const override {
    using Kind = OptionSpec::Kind;
    return {{"concurrent-horizontal-pod-autoscaler-syncs", Kind::number, "5", "autoscalers that are worked on at a time"},
            {"horizontal-pod-autoscaler-sync-period", Kind::duration, "15s", "every autoscaler is looked at this often"},
            {"horizontal-pod-autoscaler-downscale-stabilization", Kind::duration, "5m0s", "how far back the highest recommendation is looked for before fewer replicas are made"},
            {"horizontal-pod-autoscaler-tolerance", Kind::fraction, "0.1", "how far usage may be from its target before anything is done"},
            {"horizontal-pod-autoscaler-cpu-initialization-period", Kind::duration, "5m0s", "how long after its start a pod's CPU use counts only while it is ready"},
            {"horizontal-pod-autoscaler-initial-readiness-delay", Kind::duration, "30s", "a pod that has not been ready longer than this after its start was never ready"},
            {"horizontal-pod-autoscaler-event-driven", Kind::flag, "false", "look at an autoscaler as soon as a metric of it changes, not each sync period alone"},
            {"horizontal-pod-autoscaler-poll-interval", Kind::duration, "1s", "when event-driven: how often metrics are read"}};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    take_options(watches.options);
    add_label_index(watches.informer<corev1::Pod>());
    evaluation_.pods = watches.lister<corev1::Pod>();
    evaluation_.clock = &watches.clock;
    watches.informer<Autoscaler>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    autoscalers_ = watches.lister<Autoscaler>();
    watches.watch<Autoscaler>([this](const AutoscalerPtr& before, const AutoscalerPtr& after) { changed(before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const auto slash = key.find('/');
    const std::string name = key.substr(slash + 1);
    if (key.starts_with("others/")) return read_others(name, now);
    return key.starts_with("metrics/") ? read_usage(name, now) : look_at(name, now);
  }

 private:
  void take_options(const Options& options) {
    Settings& settings = evaluation_.settings;
    workers_ = static_cast<int>(std::clamp<std::int64_t>(options.number("concurrent-horizontal-pod-autoscaler-syncs", workers_), 1, 1000));
    settings.sync_period = std::max<Duration>(options.duration("horizontal-pod-autoscaler-sync-period", settings.sync_period), std::chrono::milliseconds(10));
    settings.downscale_window = options.duration("horizontal-pod-autoscaler-downscale-stabilization", settings.downscale_window);
    settings.tolerance = options.fraction("horizontal-pod-autoscaler-tolerance", settings.tolerance);
    settings.youth.cpu_initialization = options.duration("horizontal-pod-autoscaler-cpu-initialization-period", settings.youth.cpu_initialization);
    settings.youth.initial_readiness = options.duration("horizontal-pod-autoscaler-initial-readiness-delay", settings.youth.initial_readiness);
    event_driven_ = options.flag("horizontal-pod-autoscaler-event-driven", event_driven_);
    poll_interval_ = std::max<Duration>(options.duration("horizontal-pod-autoscaler-poll-interval", poll_interval_), std::chrono::milliseconds(10));
  }

  void changed(const AutoscalerPtr& before, const AutoscalerPtr& after) {
    const std::string key = object_key(after ? *after : *before);
    count_autoscalers(autoscalers_.size());
    if (!after) {
      evaluation_.selectors.erase(key);
      watches_->queue.add("hpa/" + key);
      return;
    }
    if (before && before->spec == after->spec) return;
    const std::string home = after->metadata.namespace_.str();
    watches_->queue.add(is_read(home) ? "hpa/" + key : "metrics/" + home);
  }

  // Reads what pods use, and puts on the queue whom that concerns.
  Plan read_usage(const std::string& home, const Now& now) {
    const std::vector<AutoscalerPtr> there = autoscalers_.by_index(informer::index::by_namespace, home);
    if (there.empty()) {
      forget(home);
      return {};
    }
    const bool all = begin_round(home, now);
    Plan plan;
    if (std::none_of(there.begin(), there.end(), reads_usage)) {
      hand_out(home, all, {});
      plan.come_again(evaluation_.settings.sync_period);
      return plan;
    }
    plan.stage().actions.emplace_back().raw = PodMetricsFeed::path(home);
    plan.then = [this, home, all](const Outcome& outcome) {
      const Answer& answer = outcome.answers.front();
      const auto pods = evaluation_.feed.take(home, answer.object.ok() ? Result<std::string>(answer.text) : Result<std::string>(answer.object.error()));
      hand_out(home, all, pods);
      Plan after;
      after.come_again(interval());
      return after;
    };
    return plan;
  }

  void hand_out(const std::string& home, bool all, const std::vector<std::string>& changed_pods) {
    if (all) {
      for (const AutoscalerPtr& each : autoscalers_.by_index(informer::index::by_namespace, home)) watches_->queue.add("hpa/" + object_key(*each));
      return;
    }
    for (const std::string& name : changed_pods) {
      const PodPtr pod = evaluation_.pods.get(home, name);
      if (!pod) continue;
      for (const std::string& key : evaluation_.selectors.selecting(home, pod->metadata.labels)) watches_->queue.add("hpa/" + key);
    }
  }

  // Reads the custom and external metrics of one autoscaler again, as it asked for them last.
  Plan read_others(const std::string& key, const Now& now) {
    const AutoscalerPtr autoscaler = autoscalers_.get(key);
    const std::vector<AskedMetric> asked = evaluation_.others.of(key);
    if (!autoscaler || asked.empty()) return {};  // with the next look at it there may be some
    Plan plan;
    plan.stage();
    for (const AskedMetric& metric : asked) plan.stages.back().actions.emplace_back().raw = metric.path;
    plan.then = [this, key, asked, now](const Outcome& outcome) {
      bool changed = false;
      for (std::size_t i = 0; i < asked.size(); ++i) {
        const Answer& answer = outcome.answers[i];
        const Reading reading = reading_of(asked[i].spec, answer.object.ok() ? Result<std::string>(answer.text) : Result<std::string>(answer.object.error()));
        changed = changed || differ(asked[i].reading, reading);
      }
      if (changed) watches_->queue.add("hpa/" + key);
      Plan after;
      after.come_again(std::max(interval(), (evaluation_.clock->now() - now.steady) * rest_after_reading));
      return after;
    };
    return plan;
  }

  Plan look_at(const std::string& key, const Now& now) {
    const AutoscalerPtr autoscaler = autoscalers_.get(key);
    if (!autoscaler) {
      own_writes_.forget(key);
      evaluation_.forget(key);
      return {};
    }
    Plan plan;
    // A decision on a status that misses the last one would take a count of zero that was decided here for somebody else's.
    if (own_writes_.awaited(key, *autoscaler, now)) {
      plan.come_again(cache_lag);
      return plan;
    }
    const std::string home = autoscaler->metadata.namespace_.str();
    if (!is_read(home) || (reads_usage(autoscaler) && !evaluation_.feed.of(home))) {
      watches_->queue.add("metrics/" + home);
      return plan;
    }
    if (event_driven_ && has_others(autoscaler)) watches_->queue.add_after("others/" + key, interval());
    return evaluation_.of(autoscaler, now, [this, key, now](const api::Object& written) { own_writes_.wrote(key, written, now); });
  }

  // The rounds of a namespace.
  bool is_read(const std::string& home) const {
    std::lock_guard lock(mutex_);
    return last_round_.contains(home);
  }
  // True when all autoscalers of the namespace are due.
  bool begin_round(const std::string& home, const Now& now) {
    std::lock_guard lock(mutex_);
    const auto [last, first] = last_round_.emplace(home, now.steady);
    const bool due = first || !event_driven_ || now.steady - last->second >= evaluation_.settings.sync_period;
    if (due) last->second = now.steady;
    return due;
  }
  void forget(const std::string& home) {
    evaluation_.feed.forget(home);
    std::lock_guard lock(mutex_);
    last_round_.erase(home);
  }
  Duration interval() const {
    if (!event_driven_) return evaluation_.settings.sync_period;
    std::lock_guard lock(mutex_);
    const Duration fastest = Duration(std::chrono::seconds(1)) * static_cast<std::int64_t>(last_round_.size() + evaluation_.others.reads()) / static_cast<std::int64_t>(most_reads_per_second);
    return std::min(evaluation_.settings.sync_period, std::max(poll_interval_, fastest));
  }

  Watches* watches_ = nullptr;
  int workers_ = 5;
  bool event_driven_ = false;
  Duration poll_interval_ = std::chrono::seconds(1);
  informer::Lister<Autoscaler> autoscalers_;
  Evaluation evaluation_;
  OwnWrites own_writes_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Instant> last_round_;  // under mutex_; by namespace
};

const Registered<Controller> registered{"horizontal-pod-autoscaler-controller", [] { return std::make_unique<HorizontalPodAutoscalers>(); }};

}  // namespace
}  // namespace plumb::controllers::hpa
