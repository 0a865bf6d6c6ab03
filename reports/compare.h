// Tells a regression from noise. A metric got worse when all of this holds: the change of its median is at least the least effect,
// Mann-Whitney's p is below the significance, and the bootstrap interval of the change excludes zero. Metrics without enough samples are
// said to be undecidable, never guessed.
//
// Where both sides repeat a scenario at least `least_samples` times, each repetition is one sample, so that what differs from run to run counts
// as the noise it is. Otherwise the samples are the windows inside the runs; those do not see that noise, so the least effect is larger.
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/load/outcome.h"
#include "harness/load/statistics.h"
#include "harness/results/model.h"

namespace plumb::reports {

struct CompareOptions {
  double significance = 0.01;
  double least_effect = 0.10;             // with repetitions
  double least_effect_within_run = 0.25;  // with one run's windows
  double least_seconds = 0.001;           // a latency that changed by less is the same
  double least_error_share = 0.001;
  std::size_t least_samples = 5;
};

enum class Change { worse, better, same, undecidable };

struct MetricComparison {
  std::string scenario;  // with its size
  std::string metric;
  std::string unit;
  double before = 0, after = 0;  // medians of the samples, where there are enough
  double relative = 0;           // after / before - 1
  harness::Interval interval;    // of `relative`
  double p = 1;
  std::size_t samples_before = 0, samples_after = 0;
  bool repetitions = false;
  Change change = Change::same;
  std::string why;  // of undecidable
};

struct Comparison {
  std::vector<MetricComparison> metrics;
  std::vector<std::string> broken_tests;  // passed before, failed now
  std::vector<std::string> mended_tests;
  std::vector<std::string> missing;       // scenarios, metrics or passed tests that the later run lacks

  std::size_t count(Change change) const;
  bool regressed() const { return count(Change::worse) != 0 || !broken_tests.empty(); }
};

// Fails when a run is invalid, when they are of different kinds, or have nothing in common.
Result<Comparison> compare(const results::Run& before, const results::Run& after, const CompareOptions& options = {});

// For people. Without `all`: regressions, what is missing and what cannot be told; nothing when there is nothing of these.
std::string to_text(const Comparison& comparison, bool all, bool colours);

}  // namespace plumb::reports
