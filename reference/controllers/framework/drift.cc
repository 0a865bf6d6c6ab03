#include "reference/controllers/framework/drift.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/controllers/framework/drift_checks.h"
#include "reference/controllers/framework/drift_people.h"

namespace plumb::controllers {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_problems = 20;
constexpr int quiet_rounds = 60, rounds_without_cron = 24;  // of kubelets at work, each with five minutes
constexpr int most_writes_a_step = 40;                      // of one kind to one object
constexpr int most_writes_in_quiet = 250;                   // a CronJob's status is written several times each five minutes
constexpr auto retries = 5s;                                // until what failed a few times has been tried again
constexpr Duration idle = 2h;                               // and then nothing is written any more

enum class Way { anything, rolls, drains };

Way way_of(std::uint64_t seed) { return seed % 2 != 0 ? Way::anything : seed % 4 == 0 ? Way::rolls : Way::drains; }

class Run {
 public:
  Run(std::uint64_t seed, bool traced)
      : random_(seed), cluster_(seed), steady_(cluster_), witness_(cluster_), people_(random_, cluster_, steady_, witness_, [this](std::string what) { note(std::move(what)); }), way_(way_of(seed)) {
    if (traced) cluster_.trace([this](const std::string& call) { note("    " + call); });
    for (const char* node : {"n0", "n1", "n2"}) cluster_.add_node(node);
    if (way_ != Way::anything) begin_steady();
  }

  Drift run(int steps) {
    for (int i = 0; i < steps && result_.problems.empty(); ++i) {
      cluster_.reset_writes();
      act();
      settle_a_little();
      check();
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

  void begin_steady() {
    people_.begin_steady(way_ == Way::drains);
    Random fair(7);
    for (int round = 0; round < quiet_rounds; ++round) {
      cluster_.kubelets(1000, fair);
      must_end(cluster_.pass(20s));
    }
    steady_.check(true, result_.problems);
    if (way_ == Way::drains) witness_.trust_budgets();
  }

  void act() {
    const std::uint64_t chosen = random_.below(14);
    switch (chosen) {
      case 0: return lag();
      case 1: return restart();
      case 2: return refuse();
      case 3: return chance(3) ? fail_over() : meddle();
      default: break;
    }
    if (way_ == Way::anything) return people_.act();
    if (chosen >= 8) return people_.kubelets();
    way_ == Way::rolls ? people_.change_template() : people_.evict();
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
  void fail_over() {
    const std::uint64_t keys = random_.below(12);
    note("another manager takes over, both work on " + std::to_string(keys) + " keys");
    fresh_at_ = cluster_.clock().now();
    excuse_all();
    cluster_.fail_over(keys);
  }
  // Somebody does something in the midst of what a controller does.
  void meddle() {
    const int calls = 1 + number(6);
    note("soon, between two calls:");
    cluster_.meddle(calls, [this] {
      note("  between two calls:");
      way_ == Way::anything ? people_.act() : way_ == Way::rolls ? people_.change_template() : people_.evict();
    });
  }

  void excuse_all() {
    steady_.disturbed({});
    witness_.excuse({});
  }
  // What a controller has asked for and not seen by then counts as lost, and is asked for again.
  bool lags_too_long() { return held_ && cluster_.clock().now() - fresh_at_ >= informer::Expectations::timeout; }

  void settle_a_little() {
    caught_up_ = false;
    if (chance(4) && cluster_.arrive_late()) {
      note("a write of the former manager has arrived");
      excuse_all();
    }
    cluster_.sample();
    switch (random_.below(4)) {
      case 0: return;
      case 1: return cluster_.work_on_some(1 + random_.below(8));
      case 2: return pass(1s * (1 + number(90)));
      default: must_end(cluster_.work());
    }
  }
  void pass(std::chrono::seconds time) {
    note("time passes: " + std::to_string(time.count()) + " s");
    must_end(cluster_.pass(time));
    caught_up_ = !held_ && time >= retries;
  }
  void must_end(bool ended) {
    if (!ended) result_.problems.push_back("the controllers do not come to an end; they asked last for\n  " + join(cluster_.last_calls(), "\n  "));
  }

  void check() {
    if (lags_too_long()) excuse_all();
    steady_.check(caught_up_, result_.problems);
    witness_.check(result_.problems);
    check_writes(most_writes_a_step);
  }
  void check_writes(int most) {
    for (const auto& [what, times] : cluster_.writes())
      if (times > most) result_.problems.push_back("written again and again: " + what + " x" + std::to_string(times));
  }

  void become_quiet() {
    note("quiet");
    if (held_) cluster_.api().release_events();
    cluster_.refuse_next(0);
    cluster_.meddle(0, nullptr);
    cluster_.arrive_late();
    witness_.distrust_budgets();
    excuse_all();
    people_.clear_the_way();
    cluster_.reset_writes();
    Random fair(7);
    for (int round = 0; round < quiet_rounds && result_.problems.empty(); ++round) {
      if (round == quiet_rounds - rounds_without_cron) end_cron_jobs();
      cluster_.kubelets(1000, fair);
      people_.end_jobs();
      cluster_.sample();
      must_end(cluster_.pass(5min));
      witness_.check(result_.problems);
    }
    check_writes(most_writes_in_quiet);
    if (!result_.problems.empty()) return;
    for (std::string& each : differences_from_declared(cluster_)) result_.problems.push_back(std::move(each));
    if (!result_.problems.empty()) return;
    cluster_.reset_writes();
    must_end(cluster_.pass(idle));
    for (const auto& [what, times] : cluster_.writes()) result_.problems.push_back("written though nothing happens: " + what + " x" + std::to_string(times));
  }

  void end_cron_jobs() {
    for (std::string& each : overdue_cron_jobs(cluster_)) result_.problems.push_back(std::move(each));
    people_.suspend_cron_jobs();
  }

  Random random_;
  DriftCluster cluster_;
  SteadyWorkloads steady_;
  DriftWitness witness_;
  Drift result_;
  DriftPeople people_;
  const Way way_;
  bool held_ = false;       // caches lag behind what was at fresh_at_
  Instant fresh_at_{};
  bool caught_up_ = false;  // the controllers have seen everything and tried again what failed
};

}  // namespace

Drift run_drift(std::uint64_t seed, int steps, bool traced) { return Run(seed, traced).run(steps); }

}  // namespace plumb::controllers
