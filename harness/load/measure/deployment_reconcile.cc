#include <simdjson.h>

#include <array>
#include <map>
#include <mutex>
#include <unordered_map>

#include "harness/load/measure/measurement.h"
#include "harness/load/measure/recorder.h"
#include "harness/load/measure/series.h"

namespace plumb::harness {
namespace {

// A change counts from the event that shows its generation to the events whose status answers it.
enum Stage { applied, observed, updated, converged, stages };
constexpr const char* stage_names[] = {"applied", "observed", "updated", "converged"};

struct Facts {
  std::int64_t generation = 0, observed_generation = 0, desired = 1, total = 0, updated = 0, available = 0;
  bool has_observed() const { return observed_generation >= generation; }
  bool is_updated() const { return has_observed() && updated == desired && total == desired; }
  bool is_converged() const { return is_updated() && available == desired; }
};

Facts facts_of(const simdjson::dom::element& deployment) {
  Facts facts;
  const auto read = [&](const char* pointer, std::int64_t& into) {
    std::int64_t value = 0;
    if (!deployment.at_pointer(pointer).get(value)) into = value;
  };
  read("/metadata/generation", facts.generation);
  read("/status/observedGeneration", facts.observed_generation);
  read("/spec/replicas", facts.desired);
  read("/status/replicas", facts.total);
  read("/status/updatedReplicas", facts.updated);
  read("/status/availableReplicas", facts.available);
  return facts;
}

struct Change {
  std::int64_t before = 0;  // the generation when the phase began
  std::array<std::optional<Instant>, stages> at;
};

class DeploymentReconcile final : public Measurement {
 public:
  std::string description() const override {
    return "for each phase, how long after a Deployment changed its controller observed that, had updated all pods, and had them available";
  }

  Status start(const MeasurementContext& context) override {
    changed_ = context.changed;
    recorder_ = PLUMB_TRY(Recorder::start(
        context.transport, context.clock, "/apis/apps/v1/namespaces/" + context.space + "/deployments",
        [this](Instant arrived, std::string_view type, const simdjson::dom::element& object) { record(arrived, type, object); }));
    return {};
  }

  void phase_begins(const std::string& phase) override {
    std::lock_guard lock(mutex_);
    finish_phase();
    phase_ = phase;
    gone_ = 0;
    counts_ = {};
    for (auto& [uid, change] : changes_) change = {generations_[uid], {}};
  }

  std::optional<std::uint64_t> reached(std::string_view condition) const override {
    constexpr std::string_view prefix = "deployments-";
    if (!condition.starts_with(prefix)) return std::nullopt;
    std::lock_guard lock(mutex_);
    condition.remove_prefix(prefix.size());
    if (condition == "gone") return gone_;
    for (std::size_t stage = 0; stage < stages; ++stage) {
      if (condition == stage_names[stage]) return counts_[stage];
    }
    return std::nullopt;
  }

  Status gather(ScenarioOutcome& outcome) override {
    PLUMB_TRY(recorder_->stop());
    std::lock_guard lock(mutex_);
    finish_phase();
    for (auto& metric : metrics_) outcome.metrics.push_back(std::move(metric));
    for (auto& distribution : distributions_) outcome.distributions.push_back(std::move(distribution));
    return {};
  }

 private:
  void record(Instant arrived, std::string_view type, const simdjson::dom::element& object) {
    std::string_view uid;
    if (object.at_pointer("/metadata/uid").get(uid)) return;
    {
      std::lock_guard lock(mutex_);
      const std::string key(uid);
      if (type == "DELETED") {
        ++gone_;
        generations_.erase(key);
      } else {
        const Facts facts = facts_of(object);
        generations_[key] = facts.generation;
        Change& change = changes_[key];
        const bool is_new = facts.generation > change.before;
        const auto reach = [&](Stage stage, bool now) {
          if (!is_new || !now || change.at[stage]) return;
          change.at[stage] = arrived;
          ++counts_[stage];
        };
        reach(applied, true);
        reach(observed, facts.has_observed());
        reach(updated, facts.is_updated());
        reach(converged, facts.is_converged());
      }
    }
    changed_();
  }

  // With the lock held: turns what the ending phase saw into numbers.
  void finish_phase() {
    for (const Stage stage : {observed, updated, converged}) {
      std::multimap<Instant, double> taken;
      std::uint64_t unfinished = 0;
      for (const auto& [uid, change] : changes_) {
        if (!change.at[applied]) continue;
        if (change.at[stage]) taken.emplace(*change.at[stage], std::chrono::duration<double>(*change.at[stage] - *change.at[applied]).count());
        else ++unfinished;
      }
      if (taken.empty()) continue;
      std::vector<double> seconds;
      for (const auto& [moment, length] : taken) seconds.push_back(length);
      for (Metric& metric : metrics_of(phase_ + "/" + stage_names[stage], seconds)) metrics_.push_back(std::move(metric));
      distributions_.push_back(distribution_of(phase_ + ": applied to " + stage_names[stage], seconds, unfinished));
    }
  }

  mutable std::mutex mutex_;
  std::string phase_;
  std::unordered_map<std::string, std::int64_t> generations_;  // by uid, of those that exist
  std::unordered_map<std::string, Change> changes_;            // by uid, of this phase
  std::array<std::uint64_t, stages> counts_{};
  std::uint64_t gone_ = 0;
  std::vector<Metric> metrics_;
  std::vector<Distribution> distributions_;
  std::function<void()> changed_;
  std::unique_ptr<Recorder> recorder_;  // last: it calls record()
};

const Registered<Measurement> registered{"deployment-reconcile", [] { return std::make_unique<DeploymentReconcile>(); }};

}  // namespace
}  // namespace plumb::harness
