#include "perf/runner.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <nlohmann/json.hpp>

#include "harness/load/measure/measurement.h"
#include "perf/node_stopper.h"
#include "perf/object_pool.h"
#include "perf/operations.h"
#include "perf/pod_load.h"
#include "perf/run_space.h"

namespace plumb::perf {
namespace {

using harness::Measurement;
using harness::MeasurementContext;
using nlohmann::json;

constexpr std::uint64_t pool_seed = 1;  // the same objects are drawn in every run
constexpr Duration tick = std::chrono::milliseconds(250);  // of progress, and the longest until a stop is seen

// Whatever may let a waiting phase go on.
class Signal {
 public:
  void notify() {
    std::lock_guard lock(mutex_);
    ++changes_;
    changed_.notify_all();
  }
  void wait_for_change(std::uint64_t& seen, Duration longest) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, longest, [&] { return changes_ != seen; });
    seen = changes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
};

struct RunningLoad {
  const Action* action;
  LiveOperation live;
  std::unique_ptr<harness::Operation> operation;
  std::unique_ptr<harness::LoadRun> run;
};

struct Measured {
  std::string name, object;
  std::unique_ptr<Measurement> measurement;
};

class ScenarioRun {
 public:
  ScenarioRun(const Scenario& scenario, const RunSetup& setup) : scenario_(scenario), setup_(setup) {
    for (const auto& [name, object] : scenario.objects) pools_.emplace(name, std::make_shared<ObjectPool>(pool_seed));
  }

  Result<harness::ScenarioOutcome> run() {
    outcome_.name = scenario_.name;
    outcome_.question = scenario_.question;
    outcome_.size = scenario_.size;
    outcome_.parameters = scenario_.parameters;
    PLUMB_TRY(make_measurements());
    auto space = RunSpace::make(setup_.client, scenario_, setup_.run_id);
    if (!space.ok() && space.error().code == Code::unsupported) {
      outcome_.unsupported = space.error().message;
      return std::move(outcome_);
    }
    if (!space.ok()) return space.error();
    space_ = std::move(*space);
    const Status played = play();
    load_.reset();
    measurements_.clear();
    count_objects();
    const Status cleaned = remove_space();
    if (!played.ok()) return played.error();
    if (!cleaned.ok()) outcome_.invalid.push_back(cleaned.error().message);
    if (outcome_.unsupported.empty()) judge_thresholds();
    return std::move(outcome_);
  }

 private:
  Status make_measurements() {
    for (const auto& [name, object] : scenario_.measurements) {
      auto measurement = Registry<Measurement>::make(name);
      if (!measurement) {
        return fail(Code::not_found, "scenario " + scenario_.name + ": there is no measurement \"" + name + "\"; see `plumb list measurements`");
      }
      measurements_.push_back({name, object, std::move(measurement)});
    }
    for (const Phase& phase : scenario_.phases) {
      for (const Action& action : phase.actions) {
        if (action.verb == Verb::wait && !reached(action)) {
          return fail(Code::not_found, "scenario " + scenario_.name + ", phase " + phase.name + ": none of its measurements knows the condition \"" +
                                           action.condition + "\"" + (action.object.empty() ? "" : " of object " + action.object));
        }
      }
    }
    return {};
  }

  // Pods are refused until the namespace has its default service account; a cluster without that controller goes without.
  void wait_for_service_account() {
    if (!space_.has_pods()) return;
    const client::Resource accounts{"v1", "serviceaccounts", space_.name()};
    auto there = setup_.client.wait_for(accounts, "default", "the namespace's default service account", [](const json* object) { return object != nullptr; },
                                        std::chrono::seconds(10));
    if (!there.ok()) setup_.hooks.said("no default service account appeared in the namespace; going on without");
  }

  Status play() {
    wait_for_service_account();
    began_ = setup_.clock.now();
    MeasurementContext context{setup_.client, setup_.transport, setup_.clock, space_.name(), began_, std::nullopt, [this] { signal_.notify(); }};
    for (auto& measured : measurements_) {
      context.object.reset();
      if (!measured.object.empty()) context.object = {measured.object, space_.object(measured.object).where, space_.object(measured.object).kind};
      auto started = measured.measurement->start(context);
      if (!started.ok() && started.error().code == Code::unsupported) outcome_.unsupported = started.error().message;
      if (!outcome_.unsupported.empty()) return {};
      if (!started.ok()) return std::move(started).error().in("starting the measurement " + measured.name);
    }
    for (const Phase& phase : scenario_.phases) {
      if (setup_.stop || !outcome_.unsupported.empty()) break;
      PLUMB_TRY(play_phase(phase));
    }
    outcome_.seconds = since_beginning();
    if (setup_.stop) outcome_.invalid.push_back("interrupted");
    if (load_) {
      if (const Status loaded = load_->stop(); !loaded.ok()) outcome_.invalid.push_back("load: " + loaded.error().message);
    }
    for (auto& measured : measurements_) {
      if (auto gathered = measured.measurement->gather(outcome_); !gathered.ok()) outcome_.invalid.push_back(measured.name + ": " + gathered.error().message);
    }
    return {};
  }

  Status play_phase(const Phase& phase) {
    setup_.hooks.said("phase " + phase.name);
    for (auto& measured : measurements_) measured.measurement->phase_begins(phase.name);
    const double began = since_beginning();
    std::list<RunningLoad> loads;
    std::vector<const Action*> waits;
    for (const Action& action : phase.actions) {
      if (action.verb == Verb::wait) waits.push_back(&action);
      else if (action.verb == Verb::load) PLUMB_TRY(load_pods(action));
      else if (action.verb != Verb::stop_node) PLUMB_TRY(add_load(phase, action, loads));
      else if (!PLUMB_TRY(stop_node(action))) return {};
    }
    for (RunningLoad& load : loads) load.run->start();
    await(phase, loads, waits);
    for (RunningLoad& load : loads) keep(phase, load);
    outcome_.phases.push_back({phase.name, began, since_beginning() - began});
    return {};
  }

  // False: the cluster has no way to do it.
  Result<bool> stop_node(const Action& action) {
    const Status stopped = stopper_.stop(setup_.client, space_.name(), action.command, action.undo);
    if (stopped.ok()) return true;
    if (stopped.error().code != Code::unsupported) return stopped.error();
    outcome_.unsupported = stopped.error().message;
    return false;
  }

  Status load_pods(const Action& action) {
    if (!load_) {
      const auto tell = [this](const harness::LoadChange& change) {
        for (auto& measured : measurements_) measured.measurement->load_changes(change);
      };
      load_ = PLUMB_TRY(PodLoad::start({setup_.client, setup_.transport, setup_.clock, space_.name(), tell, [this] { signal_.notify(); }}));
    }
    load_->set({action.cores, action.after, action.over, action.length});
    return {};
  }

  Status add_load(const Phase& phase, const Action& action, std::list<RunningLoad>& loads) {
    const RunObject& object = space_.object(action.object);
    RunningLoad& load = loads.emplace_back();
    load.action = &action;
    load.live = {scenario_.name, phase.name, name_of(phase, action), 0, {}};
    if (const auto* open = std::get_if<harness::OpenLoop>(&action.loop)) load.live.requested_rate = std::max(open->arrivals.rate, open->arrivals.end_rate);
    load.operation = make_operation(action, object, pools_.at(action.object), setup_.transport, setup_.clock);
    harness::LoadPlan plan;
    plan.loop = action.loop;
    harness::LoadObserver observer;
    observer.ended = [this, &load](Duration intended, Duration sent, const std::string& reason) {
      if (setup_.hooks.ended) {
        setup_.hooks.ended(load.live, std::chrono::duration<double>(intended).count(), std::chrono::duration<double>(sent).count(), reason.empty());
      }
      signal_.notify();
    };
    load.run = PLUMB_TRY(harness::LoadRun::create(setup_.clock, *load.operation, plan, observer));
    return {};
  }

  // "patch nodes/status"; where the phase does the same with objects of two templates, each is named.
  std::string name_of(const Phase& phase, const Action& action) const {
    const auto verb_and_kind = [&](const Action& one) {
      const std::string kind = space_.object(one.object).where.plural;
      return std::string(to_string(one.verb)) + " " + kind + (one.subresource.empty() ? "" : "/" + one.subresource);
    };
    const std::string name = verb_and_kind(action);
    const bool ambiguous = std::any_of(phase.actions.begin(), phase.actions.end(), [&](const Action& other) {
      return !other.object.empty() && other.verb != Verb::wait && other.object != action.object && verb_and_kind(other) == name;
    });
    return ambiguous ? name + " (" + action.object + ")" : name;
  }

  // Returns when all loads have ended and all waits are over.
  void await(const Phase& phase, std::list<RunningLoad>& loads, std::vector<const Action*> waits) {
    const Instant phase_began = setup_.clock.now();
    std::uint64_t seen = 0;
    bool stopped = false;
    Instant shown{};
    while (true) {
      if (setup_.stop && !std::exchange(stopped, true)) {
        for (RunningLoad& load : loads) load.run->stop();
        waits.clear();
      }
      const bool loaded = stopped || !load_ || !load_->busy();
      if (loaded) std::erase_if(waits, [&](const Action* wait) { return is_over(phase, *wait, phase_began); });
      if (load_ && outcome_.unsupported.empty()) outcome_.unsupported = load_->lacking();
      if (!outcome_.unsupported.empty()) waits.clear();
      const bool rest_is_over = waits.empty() && loaded && std::all_of(loads.begin(), loads.end(), [](const RunningLoad& load) { return load.action->until_phase_ends || load.run->finished(); });
      for (RunningLoad& load : loads) {
        if (rest_is_over && load.action->until_phase_ends) load.run->end_early();
      }
      const bool ended = std::all_of(loads.begin(), loads.end(), [](const RunningLoad& load) { return load.run->finished(); });
      if (ended && loaded && waits.empty()) return;
      if (setup_.clock.now() - shown >= tick) {
        shown = setup_.clock.now();
        show(loads);
      }
      signal_.wait_for_change(seen, tick);
    }
  }

  bool is_over(const Phase& phase, const Action& wait, Instant phase_began) {
    const std::uint64_t now = reached(wait).value_or(0);
    if (now >= wait.count) return true;
    if (setup_.clock.now() - phase_began < wait.timeout) return false;
    if (now == 0 && !wait.lacking.empty()) {
      outcome_.unsupported = wait.lacking;
      return true;
    }
    outcome_.invalid.push_back("phase " + phase.name + ": only " + std::to_string(now) + " of " + std::to_string(wait.count) + " reached " +
                               wait.condition + " in time");
    return true;
  }

  void show(std::list<RunningLoad>& loads) {
    if (!setup_.hooks.progress) return;
    std::vector<LiveOperation> live;
    for (RunningLoad& load : loads) {
      LiveOperation now = load.live;
      now.progress = load.run->progress();
      live.push_back(std::move(now));
    }
    setup_.hooks.progress(live);
  }

  void keep(const Phase& phase, const RunningLoad& load) {
    const harness::LoadResult result = load.run->result();
    const bool open = std::holds_alternative<harness::OpenLoop>(load.action->loop);
    outcome_.operations.push_back(outcome_of(phase.name, load.live.name, open, result));
    for (auto& metric : metrics_of(phase.name, load.live.name, result)) outcome_.metrics.push_back(std::move(metric));
    for (const auto& why : result.invalid) outcome_.invalid.push_back("phase " + phase.name + ", " + load.live.name + ": " + why);
    if (result.succeeded == 0 && result.sent != 0) {
      const std::string reason = result.failed.empty() ? "none ended" : result.failed.begin()->first;
      outcome_.invalid.push_back("phase " + phase.name + ", " + load.live.name + ": every operation failed (" + reason + ")");
    }
  }

  std::optional<std::uint64_t> reached(const Action& wait) const {
    for (const auto& measured : measurements_) {
      if (!wait.object.empty() && measured.object != wait.object) continue;
      if (const auto count = measured.measurement->reached(wait.condition)) return count;
    }
    return std::nullopt;
  }

  void count_objects() {
    for (const auto& [name, pool] : pools_) {
      harness::ObjectCount count = pool->count();
      count.kind = space_.object(name).where.plural;
      outcome_.objects.push_back(count);
    }
  }

  Status remove_space() {
    setup_.hooks.said("cleaning up");
    PLUMB_TRY(stopper_.start(setup_.client));
    PLUMB_TRY(space_.remove(setup_.client));
    for (auto& count : outcome_.objects) {
      count.removed += count.left;
      count.left = 0;
    }
    return {};
  }

  void judge_thresholds() {
    for (const Threshold& threshold : scenario_.thresholds) {
      harness::ThresholdOutcome judged{threshold.metric, threshold.better, threshold.limit, std::nullopt, false};
      if (const harness::Metric* metric = outcome_.metric(threshold.metric)) {
        judged.value = metric->value;
        judged.held = threshold.better == harness::Better::lower ? metric->value < threshold.limit : metric->value > threshold.limit;
      }
      outcome_.thresholds.push_back(judged);
    }
  }

  double since_beginning() const { return std::chrono::duration<double>(setup_.clock.now() - began_).count(); }

  const Scenario& scenario_;
  const RunSetup& setup_;
  harness::ScenarioOutcome outcome_;
  RunSpace space_;
  NodeStopper stopper_;
  Instant began_{};
  std::map<std::string, std::shared_ptr<ObjectPool>> pools_;
  Signal signal_;
  std::vector<Measured> measurements_;
  std::unique_ptr<PodLoad> load_;  // of pods; nullptr before the first. It tells the measurements
};

}  // namespace

Result<harness::ScenarioOutcome> run_scenario(const Scenario& scenario, const RunSetup& setup) { return ScenarioRun(scenario, setup).run(); }

}  // namespace plumb::perf
