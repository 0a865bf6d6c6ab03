// PLUMB_DRIFT_SEEDS=FROM[-TO] runs other seeds than the few that always run, PLUMB_DRIFT_STEPS longer ways.
#include "reference/controllers/framework/drift.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/encoding.h"
#include "harness/base/log.h"

namespace plumb::controllers {
namespace {

struct Range {
  std::uint64_t from = 1, to = 60;
};

Range seeds() {
  const char* chosen = std::getenv("PLUMB_DRIFT_SEEDS");
  if (!chosen || !*chosen) return {};
  const auto parts = split(chosen, '-');
  const auto from = parse_int(parts.front()), to = parse_int(parts.back());
  EXPECT_TRUE(from && to) << "PLUMB_DRIFT_SEEDS is FROM or FROM-TO, not " << chosen;
  return {static_cast<std::uint64_t>(from.value_or(1)), static_cast<std::uint64_t>(to.value_or(1))};
}

int steps() {
  const char* chosen = std::getenv("PLUMB_DRIFT_STEPS");
  return chosen ? static_cast<int>(parse_int(chosen).value_or(60)) : 60;
}

TEST(Drift, EndsAsItWasDeclared) {
  const Range range = seeds();
  log::set_level(range.from == range.to ? log::Level::debug : log::Level::error);
  for (std::uint64_t seed = range.from; seed <= range.to; ++seed) {
    const Drift drift = run_drift(seed, steps(), range.from == range.to);
    EXPECT_TRUE(drift.problems.empty()) << "PLUMB_DRIFT_SEEDS=" << seed << ":\n" << join(drift.problems, "\n") << "\nafter:\n" << join(drift.journal, "\n");
    if (::testing::Test::HasFailure()) break;
  }
}

TEST(Drift, TheSameSeedDoesTheSame) {
  const Drift one = run_drift(3, 40), other = run_drift(3, 40);
  EXPECT_EQ(one.journal, other.journal);
  EXPECT_EQ(one.calls, other.calls);
  EXPECT_NE(one.journal, run_drift(4, 40).journal);
}

}  // namespace
}  // namespace plumb::controllers
