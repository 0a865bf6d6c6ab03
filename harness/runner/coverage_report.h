// What the conformance tests reach of what upstream lists: behaviours by what the tests claim, endpoints by what they did in a run.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/results/model.h"
#include "harness/runner/runner.h"

namespace plumb::harness {

struct SigCoverage {
  std::string sig;
  std::vector<std::string> covered, uncovered;  // names of behaviours
};

struct EndpointCoverage {
  std::set<std::string> eligible;  // operations
  std::set<std::string> called;    // by a test that passed
  // Some test fails when the answers of that operation are blank, so an assertion looks at what it says. Absent: not measured.
  std::optional<std::set<std::string>> asserted;
};

struct CoverageReport {
  std::vector<SigCoverage> sigs;
  std::optional<EndpointCoverage> endpoints;  // absent without a run to look at
};

std::vector<SigCoverage> behaviour_coverage(const std::vector<NamedTest>& tests);
EndpointCoverage called_endpoints(const results::Run& run);

struct MeasureOptions {
  int parallel = 8;
  std::vector<std::string> worker;  // as in RunnerOptions
  std::string output_dir;           // for what workers print
  std::function<bool()> stop = [] { return false; };
  std::function<void(std::size_t done, std::size_t all)> on_progress = [](auto, auto) {};
};
// Runs tests of `run` that passed once more for each operation that they called, its answers blanked, until one of them notices. Tests that
// own the cluster run last, one at a time.
std::set<std::string> asserted_endpoints(client::Client& client, const results::Run& run, const std::vector<NamedTest>& tests,
                                         const MeasureOptions& options);

nlohmann::json to_json(const CoverageReport& report);
// For people; `uncovered` adds the names of what is missing.
std::string describe(const CoverageReport& report, bool uncovered);

}  // namespace plumb::harness
